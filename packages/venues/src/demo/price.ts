import { chance } from "./hash.ts";
import type { DemoInstrument } from "./instruments.ts";

const DAY_MS = 86_400_000;
/** Length of a regime; the last part of it fades into the next. */
const REGIME_MS = 10_800_000;
const FADE = 0.15;
/** Waves of the price, from a quarter of a year to seconds, each a third of the one before. */
const PERIODS_MS = [91, 30, 10, 3.4, 1.1]
  .map((days) => days * DAY_MS)
  .concat([28_800, 9_600, 3_200, 1_070, 356, 119, 40, 13.2, 4.4].map((s) => s * 1000));
/** Waves shorter than this grow and shrink with the regime. */
const REGIME_PERIOD_MS = 3_600_000;
/** Height of a wave against the movement of a random walk over its period. */
const WAVE = 0.42;
const MARKET_DAILY_MOVE = 0.022;
/** Stream of chance of what all markets share; instruments use their index. */
const MARKET_LANE = 100;
const REGIME_LANE = 200;
const TREND_LANE = 300;

/** What kind of hours these are: `move` scales the fast waves, `trend` is the height of a slow drift (fraction of the price). */
export interface Regime {
  move: number;
  trend: number;
}

const CALM: Regime = { move: 0.45, trend: 0.001 };
const TRENDING: Regime = { move: 0.9, trend: 0.014 };
const VOLATILE: Regime = { move: 2.3, trend: 0.004 };

/** The regime at a time (epoch ms): calm, trending or volatile for three hours, fading into one another. */
export function regimeAt(seed: number, timeMs: number): Regime {
  const at = timeMs / REGIME_MS;
  const block = Math.floor(at);
  const fade = smooth(Math.max(0, (at - block - (1 - FADE)) / FADE));
  const now = regimeOfBlock(seed, block);
  if (fade === 0) return now;
  const next = regimeOfBlock(seed, block + 1);
  return { move: now.move + (next.move - now.move) * fade, trend: now.trend + (next.trend - now.trend) * fade };
}

/** Middle between bid and ask at a time (epoch ms), in quote units; a pure and continuous function. */
export function midAt(seed: number, demo: DemoInstrument, timeMs: number, regime: Regime): number {
  const common =
    waves(seed, MARKET_LANE, timeMs, MARKET_DAILY_MOVE, regime) + regime.trend * wave(seed, TREND_LANE, 0, timeMs / 14_400_000);
  const own = waves(seed, demo.index, timeMs, demo.dailyMove, regime);
  return demo.basePrice * Math.exp(demo.beta * common + own);
}

function regimeOfBlock(seed: number, block: number): Regime {
  const draw = chance(seed, REGIME_LANE, block);
  return draw < 0.4 ? CALM : draw < 0.75 ? TRENDING : VOLATILE;
}

function waves(seed: number, lane: number, timeMs: number, dailyMove: number, regime: Regime): number {
  let sum = 0;
  for (let i = 0; i < PERIODS_MS.length; i++) {
    const period = PERIODS_MS[i] as number;
    const height = WAVE * dailyMove * Math.sqrt(period / DAY_MS) * (period < REGIME_PERIOD_MS ? regime.move : 1);
    sum += height * wave(seed, lane, i, timeMs / period);
  }
  return sum;
}

/** Value noise in -1..1: hashed values at whole numbers, joined smoothly. */
function wave(seed: number, lane: number, octave: number, at: number): number {
  const left = Math.floor(at);
  const a = chance(seed, lane, octave, left);
  const b = chance(seed, lane, octave, left + 1);
  return 2 * (a + (b - a) * smooth(at - left)) - 1;
}

function smooth(x: number): number {
  return x * x * x * (x * (x * 6 - 15) + 10);
}
