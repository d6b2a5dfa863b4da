import { chance, hash } from "./hash.ts";
import { DEMO_INSTRUMENTS, type DemoInstrument } from "./instruments.ts";
import type { DemoTrade } from "./trades.ts";

const MINUTE_MS = 60_000;
/** At most one stretch in so many minutes; all of it, its filling too, happens inside them. */
export const WINDOW_MINUTES = 10;
const STRETCH_CHANCE = 0.055;
const WINDOWS_PER_DAY = 144;
/** Stretches per day, over all markets, that are never filled: one, or two with this chance. */
const SECOND_LOSS_CHANCE = 0.5;
const SLOW_SHARE = 0.13;
const DUPLICATE_CHANCE = 1 / 1_400;
const STRETCH_LANE = 2000;
const DUPLICATE_LANE = 2100;
const LOSS_LANE = 2200;

/** A stretch of trades that the connection does not deliver, and what becomes of them. Times are epoch ms. */
export interface Stretch {
  fromMs: number;
  toMs: number;
  trades: DemoTrade[];
  /** When the first trade after it is sent, by which a reader sees that ids are missing. */
  seenMs: number;
  fillMs: number;
  /** False where the trades never come. */
  complete: boolean;
}

/** The stretch of one market in one window of ten minutes (counted from the epoch), null where there is none. */
export function stretchOfWindow(
  seed: number,
  demo: DemoInstrument,
  window: number,
  tradesOf: (minute: number) => readonly DemoTrade[],
): Stretch | null {
  const draw = (n: number): number => chance(seed, STRETCH_LANE + demo.index, window, n);
  const lost = isLost(seed, demo, window);
  if (draw(0) >= STRETCH_CHANCE && !lost) return null;
  const firstMinute = window * WINDOW_MINUTES;
  const fromMs = firstMinute * MINUTE_MS + Math.floor(draw(1) * 6 * MINUTE_MS);
  const toMs = fromMs + 5_000 + Math.floor(draw(2) * 55_000);
  const trades: DemoTrade[] = [];
  for (let minute = Math.floor(fromMs / MINUTE_MS); minute < firstMinute + 8; minute++) {
    for (const trade of tradesOf(minute)) {
      if (trade.sentMs < fromMs) continue;
      if (trade.sentMs < toMs) {
        trades.push(trade);
        continue;
      }
      if (trades.length === 0) return null;
      const slow = !lost && draw(4) < SLOW_SHARE;
      const delayMs = slow ? 75_000 + Math.floor(draw(5) * 35_000) : 3_000 + Math.floor(draw(5) * 27_000);
      return { fromMs, toMs, trades, seenMs: trade.sentMs, fillMs: trade.sentMs + delayMs, complete: !lost };
    }
  }
  return null;
}

/** Whether this market's stretch in this window is one of the day's that are never filled. */
function isLost(seed: number, demo: DemoInstrument, window: number): boolean {
  const day = Math.floor(window / WINDOWS_PER_DAY);
  const chosen = (n: number): boolean =>
    hash(seed, LOSS_LANE, day, 2 * n) % DEMO_INSTRUMENTS.length === demo.index &&
    hash(seed, LOSS_LANE, day, 2 * n + 1) % WINDOWS_PER_DAY === window - day * WINDOWS_PER_DAY;
  return chosen(0) || (chosen(1) && chance(seed, LOSS_LANE, day, 4) < SECOND_LOSS_CHANCE);
}

/** When a trade is sent a second time (epoch ms, up to 3 s later), null where it is sent once. */
export function sentAgainMs(seed: number, demo: DemoInstrument, trade: DemoTrade): number | null {
  if (chance(seed, DUPLICATE_LANE + demo.index, trade.id) >= DUPLICATE_CHANCE) return null;
  return trade.sentMs + 20 + (hash(seed, DUPLICATE_LANE + demo.index, trade.id, 1) % 2_980);
}
