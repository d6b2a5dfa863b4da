import { enriched, indicatorsSchema } from "@tickfleet/contracts/enriched-messages";
import { classOf } from "@tickfleet/contracts/message";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import type { JudgementBar, JudgementKey } from "@tickfleet/patterns/judgement-inputs";
import type { InputMessage } from "@tickfleet/runtime/ordered-reader";

/** A message of ENRICHED, read. */
export type EnrichedInput =
  | { kind: "enriched"; key: JudgementKey; candle: JudgementBar; stamps: Readonly<Record<string, number>> }
  | { kind: "other" };

/** Columns that the detector takes from an enriched candle, beside its indicators. */
export const ENRICHED_FIELDS = {
  venue: true,
  instrument: true,
  timeframe: true,
  anchor: true,
  session: true,
  calendar: true,
  openTime: true,
  closeTime: true,
  completeness: true,
  revision: true,
  open: true,
  high: true,
  low: true,
  close: true,
  volumeBase: true,
  vd: true,
} as const;
export const INDICATOR_FIELDS = { volumeSma20: true, atr14: true, trendAngle: true, trendStrength: true } as const;

const schema = enriched.schema.pick({ ...ENRICHED_FIELDS, stamps: true }).extend({ indicators: indicatorsSchema.pick(INDICATOR_FIELDS) });
const decoder = new TextDecoder();

/** Notices of recomputed values are passed over: a judgement stands on what candles said. @throws InvalidMessageError */
export function readEnrichedInput(message: InputMessage): EnrichedInput {
  if (classOf(message.subject) !== classOf(enriched.template)) return { kind: "other" };
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
  const { venue, instrument, timeframe, anchor, session, calendar, stamps, ...row } = result.data;
  const { openTime, closeTime, completeness, revision, open, high, low, close, volumeBase, vd, indicators } = row;
  const { volumeSma20, atr14, trendAngle, trendStrength } = indicators;
  return {
    kind: "enriched",
    key: { venue, instrument, timeframe, anchor, session, calendar },
    candle: {
      openTime,
      closeTime,
      completeness,
      enrichedRevision: revision,
      open,
      high,
      low,
      close,
      volumeBase,
      volumeSma20,
      vd,
      atr14,
      trendAngle,
      trendStrength,
    },
    stamps,
  };
}
