import { calendarOf } from "../../packages/market/src/calendar.ts";
import { closingAt, intervalAt } from "../../packages/market/src/interval.ts";
import { chance } from "../../packages/venues/src/demo/hash.ts";
import { DEMO_INSTRUMENTS, DEMO_VENUE } from "../../packages/venues/src/demo/instruments.ts";
import { createEnriched, type EnrichedCandle } from "../../services/pattern-detector/test/enriched-script.ts";

const MINUTE_MS = 60_000;
const CRYPTO = calendarOf("crypto");
const SEED = 5;

/** Markets of the demo's venue: three for each asset that its texts are about. */
export const MARKETS: readonly string[] = DEMO_INSTRUMENTS.flatMap(({ instrument }) => {
  const asset = instrument.split("-", 1)[0];
  return ["USDT", "EUR", "USD"].map((quote) => `${asset}-${quote}`);
});

/**
 * Enriched candles of all markets that close at a time, on every timeframe that the calendar closes then: long bodies, much volume and a
 * strong trend, so that many are signals. A function of the minutes since `startMs`.
 */
export function candlesClosingAt(closeTime: number, startMs: number): EnrichedCandle[] {
  const minuteOf = (timeMs: number): number => (timeMs - startMs) / MINUTE_MS;
  return MARKETS.flatMap((instrument, market) =>
    closingAt(CRYPTO, "all", closeTime).map((timeframe) => {
      const { open: openTime } = intervalAt(CRYPTO, "all", timeframe, closeTime - 1) as { open: number };
      const [open, close] = [priceAt(market, minuteOf(openTime)), priceAt(market, minuteOf(closeTime))];
      const draw = (what: number): number => chance(SEED, market, minuteOf(closeTime), what);
      const shadow = (what: number): number => (draw(what) < 0.6 ? 0 : Math.round(draw(what + 1) * 10) / 10);
      const values = { volumeBase: 6, vd: Math.sign(close - open), trendAngle: draw(5) < 0.5 ? 20 : -20, trendStrength: 0.9 };
      const prices = [open, Math.max(open, close) + shadow(1), Math.min(open, close) - shadow(3), close] as const;
      return createEnriched({ venue: DEMO_VENUE, instrument, timeframe, openTime, closeTime, prices, ...values });
    }),
  );
}

/** Price of a market at the end of a minute, in whole tenths. */
function priceAt(market: number, minute: number): number {
  return 1_000 + Math.round((chance(SEED, market, minute, 0) - 0.5) * 400) / 10;
}
