import { clock, gap, status, tradeBatch } from "@tickfleet/contracts/market-messages";
import { classOf, type Payload } from "@tickfleet/contracts/message";
import { decodeTradeBatch } from "@tickfleet/contracts/trade-batch";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import type { TradeColumns } from "@tickfleet/market/trade";
import type { InputMessage } from "@tickfleet/runtime/ordered-reader";
import type { z } from "zod";

/** A message of MARKET, read. The columns of trades are reused by the next one. */
export type MarketInput =
  | { kind: "trade"; batch: TradeColumns; stamps: Readonly<Record<string, number>> }
  | { kind: "clock"; clock: Payload<typeof clock> }
  | { kind: "status"; status: Payload<typeof status> }
  | { kind: "gap"; gap: Payload<typeof gap> }
  | { kind: "other" };

const decoder = new TextDecoder();

/** Reads a message of any class, trades into `scratch`; those that change no candle come back as `other`. @throws InvalidMessageError */
export function readMarketInput(message: InputMessage, scratch: TradeColumns): MarketInput {
  switch (classOf(message.subject)) {
    case classOf(tradeBatch.template): {
      const { stamps } = decodeTradeBatch(message.data, scratch);
      return { kind: "trade", batch: scratch, stamps };
    }
    case classOf(clock.template):
      return { kind: "clock", clock: parse(clock.schema, message) };
    case classOf(status.template):
      return { kind: "status", status: parse(status.schema, message) };
    case classOf(gap.template):
      return { kind: "gap", gap: parse(gap.schema, message) };
    default:
      return { kind: "other" };
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, message: InputMessage): z.infer<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(message.data));
  } catch (cause) {
    throw new InvalidMessageError(`${message.subject}: not JSON`, { cause });
  }
  const result = schema.safeParse(value);
  if (!result.success) {
    const fault = result.error.issues[0];
    throw new InvalidMessageError(`${message.subject}: ${fault?.path.join(".") ?? ""} ${fault?.message ?? "is not as its schema says"}`);
  }
  return result.data;
}
