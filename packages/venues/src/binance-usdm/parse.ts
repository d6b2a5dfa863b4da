import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { z } from "zod";

/** A number in a text, as the venue writes prices and rates. */
const numeric = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/, "expected a number as text")
  .transform(Number);
const positive = numeric.refine((value) => value > 0, "expected a number above 0");
const symbol = z.string().min(1);
const timeMs = z.number().int().positive();

/** Contracts that are open; on this market one contract is one unit of the base asset. */
export interface ParsedOpenInterest {
  symbol: string;
  openInterest: number;
  /** Venue time, epoch milliseconds. */
  time: number;
}

/** Mark and index price, and the rate that the next funding will have as things stand. */
export interface ParsedPremiumIndex {
  symbol: string;
  markPrice: number;
  indexPrice: number;
  /** Share of the position per funding interval; null for contracts without funding. */
  fundingRate: number | null;
  /** Epoch milliseconds; null for contracts without funding. */
  nextFundingTime: number | null;
  /** Venue time, epoch milliseconds. */
  time: number;
}

/** A funding that was paid. */
export interface ParsedFunding {
  symbol: string;
  rate: number;
  /** Epoch milliseconds. */
  fundingTime: number;
  markPrice: number | null;
}

const openInterestSchema = z.object({ symbol, openInterest: numeric, time: timeMs });

const premiumIndexSchema = z.object({
  symbol,
  markPrice: positive,
  indexPrice: positive,
  lastFundingRate: z.union([z.literal("").transform(() => null), numeric]),
  nextFundingTime: z.number().int().min(0),
  time: timeMs,
});

const fundingInfoSchema = z.array(z.object({ symbol, fundingIntervalHours: z.number().positive() }));

const fundingRateSchema = z.array(
  z.object({
    symbol,
    fundingRate: numeric,
    fundingTime: timeMs,
    markPrice: z.union([z.literal("").transform(() => null), positive]).optional(),
  }),
);

/**
 * Answer of `/fapi/v1/openInterest`. @throws InvalidMessageError
 * @see https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Open-Interest
 */
export function parseOpenInterest(answer: unknown): ParsedOpenInterest {
  const found = read("openInterest", openInterestSchema, answer);
  if (found.openInterest < 0) throw new InvalidMessageError(`openInterest: expected at least 0, found ${found.openInterest}`);
  return found;
}

/**
 * Answer of `/fapi/v1/premiumIndex` for one symbol. @throws InvalidMessageError
 * @see https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Mark-Price
 */
export function parsePremiumIndex(answer: unknown): ParsedPremiumIndex {
  const { lastFundingRate, nextFundingTime, ...rest } = read("premiumIndex", premiumIndexSchema, answer);
  return { ...rest, fundingRate: lastFundingRate, nextFundingTime: nextFundingTime === 0 ? null : nextFundingTime };
}

/**
 * Hours between two fundings by symbol, of the symbols whose interval was ever changed: `/fapi/v1/fundingInfo` lists no others.
 * @throws InvalidMessageError
 * @see https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Get-Funding-Rate-Info
 */
export function parseFundingInfo(answer: unknown): Map<string, number> {
  return new Map(read("fundingInfo", fundingInfoSchema, answer).map((entry) => [entry.symbol, entry.fundingIntervalHours]));
}

/**
 * Answer of `/fapi/v1/fundingRate`: fundings that were paid, oldest first. @throws InvalidMessageError
 * @see https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Get-Funding-Rate-History
 */
export function parseFundingRates(answer: unknown): ParsedFunding[] {
  return read("fundingRate", fundingRateSchema, answer)
    .map((entry) => ({
      symbol: entry.symbol,
      rate: entry.fundingRate,
      fundingTime: entry.fundingTime,
      markPrice: entry.markPrice ?? null,
    }))
    .sort((a, b) => a.fundingTime - b.fundingTime);
}

function read<Schema extends z.ZodType>(what: string, schema: Schema, answer: unknown): z.infer<Schema> {
  const { data, error } = schema.safeParse(answer);
  if (error !== undefined) throw new InvalidMessageError(`${what}: ${z.prettifyError(error)}`, { cause: error });
  return data as z.infer<Schema>;
}
