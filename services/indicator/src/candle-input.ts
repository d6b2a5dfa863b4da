import { candle, candleRecomputed, candleSchema } from "@tickfleet/contracts/candle-messages";
import { classOf, type Payload } from "@tickfleet/contracts/message";
import { calendarOfAnchor } from "@tickfleet/market/calendar";
import type { Candle } from "@tickfleet/market/candle";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { zoneOf } from "@tickfleet/market/zone";
import type { InputMessage } from "@tickfleet/runtime/ordered-reader";
import type { z } from "zod";

/** A message of CANDLES, read. */
export type CandleInput =
  | { kind: "candle"; candle: Candle; stamps: Readonly<Record<string, number>> }
  | { kind: "recomputed"; notice: Payload<typeof candleRecomputed> }
  | { kind: "other" };

const decoder = new TextDecoder();
/** Columns that a message of an older aggregator lacks. */
const ABSENT = Object.fromEntries(Object.keys(candleSchema.shape).map((name) => [name, null])) as Readonly<Record<keyof Candle, null>>;

/** @throws InvalidMessageError */
export function readCandleInput(message: InputMessage): CandleInput {
  switch (classOf(message.subject)) {
    case classOf(candle.template): {
      const { stamps, ...columns } = parse(candle.schema, message);
      if (columns.state === "forming") throw new InvalidMessageError(`${message.subject}: expected a closed candle, found a forming one`);
      requireZone(message, columns.anchor);
      // JSON has no undefined: what may be missing is null
      const whole = { ...ABSENT, ...columns, calendar: columns.calendar ?? calendarOfAnchor(columns.anchor) } as Candle;
      return { kind: "candle", candle: whole, stamps };
    }
    case classOf(candleRecomputed.template):
      return { kind: "recomputed", notice: parse(candleRecomputed.schema, message) };
    default:
      return { kind: "other" };
  }
}

function requireZone(message: InputMessage, anchor: string): void {
  try {
    zoneOf(anchor);
  } catch (cause) {
    throw new InvalidMessageError(`${message.subject}: expected UTC or an IANA zone as anchor, found ${anchor}`, { cause });
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
