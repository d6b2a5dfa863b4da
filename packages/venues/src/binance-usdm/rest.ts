import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { createRestClient, type RestClientOptions } from "../binance/rest-client.ts";
import { venueOfMarket } from "../binance/symbols.ts";
import { assetOf, type PerpetualSource, type PerpetualState, type SettledFunding } from "../perpetual.ts";
import { type ParsedFunding, parseFundingInfo, parseFundingRates, parseOpenInterest, parsePremiumIndex } from "./parse.ts";

const BASE_URL = "https://fapi.binance.com";
const VENUE = venueOfMarket("usdm");
const HOUR_MS = 3_600_000;
/** The venue's interval for symbols that `fundingInfo` does not list. */
const DEFAULT_INTERVAL_HOURS = 8;
const SETTLED_LIMIT = 100;

export interface BinanceUsdmOptions extends Partial<Omit<RestClientOptions, "baseUrl">> {
  /** In place of the market's own address. */
  baseUrl?: string | undefined;
  /** Canonical names of perpetuals, such as `BTC-USDT-PERP`. */
  instruments: readonly string[];
  /** The present, epoch milliseconds. */
  now(): number;
}

/**
 * Perpetuals of Binance's USD-M market, without a key. The list of funding intervals is read once an hour; while it cannot be
 * read, an interval is unknown, not assumed.
 * @throws RangeError on a name that is no perpetual's
 */
export function createBinanceUsdm({ instruments, now, ...options }: BinanceUsdmOptions): PerpetualSource {
  const get = createRestClient({ ...options, baseUrl: options.baseUrl ?? BASE_URL });
  for (const instrument of instruments) symbolOf(instrument);
  let intervals: Promise<ReadonlyMap<string, number>> | null = null;
  let intervalsHour = Number.NaN;

  async function intervalOf(symbol: string, signal: AbortSignal): Promise<number> {
    const hour = Math.floor(now() / HOUR_MS);
    if (hour !== intervalsHour) intervals = null;
    intervalsHour = hour;
    intervals ??= get("/fapi/v1/fundingInfo", undefined, signal)
      .then(parseFundingInfo)
      .catch((error: unknown) => {
        intervals = null;
        throw error;
      });
    return (await intervals).get(symbol) ?? DEFAULT_INTERVAL_HOURS;
  }

  async function readState(instrument: string, signal: AbortSignal): Promise<PerpetualState> {
    const symbol = symbolOf(instrument);
    const [premium, interest, interval] = await Promise.all([
      get("/fapi/v1/premiumIndex", { symbol }, signal).then(parsePremiumIndex),
      get("/fapi/v1/openInterest", { symbol }, signal).then(parseOpenInterest),
      intervalOf(symbol, signal).catch(() => {
        signal.throwIfAborted();
        return null;
      }),
    ]);
    for (const answer of [premium, interest]) {
      if (answer.symbol !== symbol) throw new InvalidMessageError(`expected ${symbol}, found ${answer.symbol}`);
    }
    return {
      venue: VENUE,
      instrument,
      asset: assetOf(instrument),
      time: Math.max(premium.time, interest.time),
      openInterest: interest.openInterest,
      markPrice: premium.markPrice,
      indexPrice: premium.indexPrice,
      fundingRate: premium.fundingRate,
      fundingIntervalHours: premium.fundingRate === null ? null : interval,
      nextFundingTime: premium.nextFundingTime,
    };
  }

  async function readSettled(instrument: string, signal: AbortSignal): Promise<SettledFunding[]> {
    const symbol = symbolOf(instrument);
    const fundings = parseFundingRates(await get("/fapi/v1/fundingRate", { symbol, limit: SETTLED_LIMIT }, signal));
    return settledOf(instrument, fundings);
  }

  return { venue: VENUE, instruments, readState, readSettled };
}

/** Each with the hours since the one before it. Paid times lie some milliseconds behind the hour. */
function settledOf(instrument: string, fundings: readonly ParsedFunding[]): SettledFunding[] {
  return fundings.map(({ rate, fundingTime }, i) => {
    const before = fundings[i - 1]?.fundingTime;
    const hours = before === undefined ? null : Math.round((fundingTime - before) / HOUR_MS);
    return { venue: VENUE, instrument, fundingTime, rate, intervalHours: hours === null || hours < 1 ? null : hours };
  });
}

function symbolOf(instrument: string): string {
  const match = /^([A-Z0-9]+)-([A-Z0-9]+)-PERP$/.exec(instrument);
  if (match === null) throw new RangeError(`expected a perpetual such as BTC-USDT-PERP, found ${instrument}`);
  return `${match[1]}${match[2]}`;
}
