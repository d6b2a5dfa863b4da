import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { isPrintable } from "@tickfleet/market/printable";
import { rescale } from "@tickfleet/venues/decimal";
import type { RawTrade, Scaled } from "@tickfleet/venues/source";

/** A live trade may be this far ahead of the connection's clock. */
const AHEAD_US = 5_000_000;

/** Why a trade must not count, null where it may. `clockUs`: the connection's present time, infinite for scripts. */
export function faultOfTrade(trade: RawTrade, clockUs: number): string | null {
  if (!Number.isSafeInteger(trade.price.value)) return "price is not a number below 2^53 at its scale";
  if (trade.price.value <= 0) return "price is not above zero";
  if (!Number.isSafeInteger(trade.size.value)) return "size is not a number below 2^53 at its scale";
  if (trade.size.value <= 0) return "size is not above zero";
  if (!Number.isSafeInteger(trade.eventTimeUs) || trade.eventTimeUs <= 0) return "event time is missing";
  if (!Number.isSafeInteger(trade.sourceSeq)) return "sequence is not a number below 2^53";
  if (!isPrintable(trade.tradeId ?? "") || !isPrintable(trade.epoch)) return "id has control characters";
  if (trade.eventTimeUs > clockUs + AHEAD_US)
    return `event time is ${Math.round((trade.eventTimeUs - clockUs) / 1000)} ms ahead of the clock`;
  return null;
}

/** @throws InvalidMessageError where the number exceeds 2^53 at that scale */
export function rescaled(value: Scaled, scale: number): number {
  return value.scale === scale ? value.value : rescale(value, scale);
}

/** What was wrong with an input, in words; anything else than a refused value is a fault of ours and goes on. */
export function describeFault(error: unknown): string {
  if (error instanceof InvalidMessageError) return error.message;
  throw error;
}
