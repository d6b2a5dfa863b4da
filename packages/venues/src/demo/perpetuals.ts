import type { PerpetualSource, PerpetualState, SettledFunding } from "../perpetual.ts";
import { chance } from "./hash.ts";
import { DEMO_INSTRUMENTS, DEMO_VENUE, type DemoInstrument } from "./instruments.ts";
import { midAt, regimeAt } from "./price.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const INTERVAL_HOURS = 8;
const INTERVAL_MS = INTERVAL_HOURS * HOUR_MS;
const SETTLED_COUNT = 21;
/** Streams of chance of these contracts, beside those of the prices. */
const PREMIUM_LANE = 400;
const INTEREST_LANE = 500;
/** Rate of a contract that trades at its index, and the most that one funding takes. */
const QUIET_RATE = 0.0001;
const MAX_RATE = 0.003;
/** Largest distance of the mark from the index in a calm hour, as a fraction of the price. */
const PREMIUM = 0.0004;
/** Value of the open contracts against one usual order. */
const INTEREST_ORDERS = 250_000;

export interface DemoPerpetualsOptions {
  seed: number;
  /** The present, epoch milliseconds. */
  now(): number;
}

/** Invented perpetuals beside the demo's spot markets: a pure function of the seed and the minute. */
export function createDemoPerpetuals({ seed, now }: DemoPerpetualsOptions): PerpetualSource {
  const markets = new Map(DEMO_INSTRUMENTS.map((demo) => [`${demo.instrument}-PERP`, demo]));
  const marketOf = (instrument: string): DemoInstrument => {
    const demo = markets.get(instrument);
    if (demo === undefined) throw new RangeError(`the demo has no perpetual ${instrument}`);
    return demo;
  };
  return {
    venue: DEMO_VENUE,
    instruments: [...markets.keys()],
    readState: async (instrument) => demoPerpetualAt(seed, marketOf(instrument), Math.floor(now() / MINUTE_MS)),
    readSettled: async (instrument) => demoFundingsBefore(seed, marketOf(instrument), now()),
  };
}

/** The contract as it stands from a minute (since the epoch) on. */
export function demoPerpetualAt(seed: number, demo: DemoInstrument, minute: number): PerpetualState {
  const time = minute * MINUTE_MS;
  const indexPrice = midAt(seed, demo, time, regimeAt(seed, time));
  const markPrice = indexPrice * (1 + premiumAt(seed, demo, time));
  const notional = demo.orderValue * INTEREST_ORDERS * (0.8 + 0.4 * noise(seed, INTEREST_LANE + demo.index, time / (6 * HOUR_MS)));
  const instrument = `${demo.instrument}-PERP`;
  return {
    venue: DEMO_VENUE,
    instrument,
    asset: demo.instrument.split("-", 1)[0] as string,
    time,
    openInterest: rounded(notional / demo.basePrice, demo.sizeScale),
    markPrice: rounded(markPrice, demo.priceScale + 2),
    indexPrice: rounded(indexPrice, demo.priceScale + 2),
    fundingRate: rateAt(seed, demo, time),
    fundingIntervalHours: INTERVAL_HOURS,
    nextFundingTime: (Math.floor(time / INTERVAL_MS) + 1) * INTERVAL_MS,
  };
}

/** A week of fundings up to a time (epoch milliseconds), oldest first. */
export function demoFundingsBefore(seed: number, demo: DemoInstrument, timeMs: number): SettledFunding[] {
  const last = Math.floor(timeMs / INTERVAL_MS);
  return Array.from({ length: SETTLED_COUNT }, (_, i) => {
    const fundingTime = (last - SETTLED_COUNT + 1 + i) * INTERVAL_MS;
    const instrument = `${demo.instrument}-PERP`;
    // what the contract said in the minute before it was paid
    return { venue: DEMO_VENUE, instrument, fundingTime, rate: rateAt(seed, demo, fundingTime - MINUTE_MS), intervalHours: INTERVAL_HOURS };
  });
}

/** Distance of the mark from the index as a fraction of it: it follows the price of the hours before, and wanders. */
function premiumAt(seed: number, demo: DemoInstrument, timeMs: number): number {
  const regime = regimeAt(seed, timeMs);
  const before = timeMs - 4 * HOUR_MS;
  const move = Math.log(midAt(seed, demo, timeMs, regime) / midAt(seed, demo, before, regimeAt(seed, before)));
  const wander = 2 * noise(seed, PREMIUM_LANE + demo.index, timeMs / HOUR_MS) - 1;
  return PREMIUM * (0.7 * Math.tanh(move / demo.dailyMove) + 0.5 * wander);
}

function rateAt(seed: number, demo: DemoInstrument, timeMs: number): number {
  const rate = QUIET_RATE + premiumAt(seed, demo, timeMs);
  return rounded(Math.max(-MAX_RATE, Math.min(MAX_RATE, rate)), 8);
}

/** Value noise in 0..1: hashed values at whole numbers, joined by straight lines. */
function noise(seed: number, lane: number, at: number): number {
  const left = Math.floor(at);
  const a = chance(seed, lane, 0, left);
  return a + (chance(seed, lane, 0, left + 1) - a) * (at - left);
}

function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
