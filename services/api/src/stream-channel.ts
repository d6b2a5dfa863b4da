import { isTimeframe, TIMEFRAMES } from "@tickfleet/market/timeframe";
import { unknownInstrument } from "./known-instrument.ts";
import { channelName } from "./live-candles.ts";
import { nearest } from "./problem.ts";
import type { InstrumentRow } from "./store.ts";

/** A subscription's pattern: each part is a name or `*`. */
export interface ChannelPattern {
  text: string;
  venue: string;
  instrument: string;
  timeframe: string;
}

/** Why a channel was not accepted. */
export interface ChannelRefusal {
  channel: string;
  code: "bad-channel" | "unknown-timeframe" | "unknown-instrument" | "limit";
  fix: string;
}

const ANY = "*";

/** Reads `candle:<venue>:<instrument>:<timeframe>`; what can never carry a message is refused. */
export function parseChannel(text: string, known: readonly InstrumentRow[]): ChannelPattern | ChannelRefusal {
  const shown = text.slice(0, 200);
  const [kind, venue, instrument, timeframe, ...rest] = text.split(":");
  if (kind !== "candle" || !venue || !instrument || !timeframe || rest.length > 0) {
    return { channel: shown, code: "bad-channel", fix: "a channel is candle:<venue>:<instrument>:<timeframe>, each part a name or *" };
  }
  if (timeframe !== ANY && !isTimeframe(timeframe)) {
    const meant = nearest(timeframe, TIMEFRAMES);
    const fix = `${meant === null ? "" : `did you mean ${meant}? `}it is one of ${TIMEFRAMES.join(", ")}`;
    return { channel: shown, code: "unknown-timeframe", fix };
  }
  const listed = known.some((row) => row.venue === venue && row.instrument === instrument);
  if (venue !== ANY && instrument !== ANY && !listed) {
    return { channel: shown, code: "unknown-instrument", fix: unknownInstrument(venue, instrument, known).fix };
  }
  return { text, venue, instrument, timeframe };
}

export function matches(pattern: ChannelPattern, channel: string): boolean {
  if (pattern.text === channel) return true;
  const [, venue, instrument, timeframe] = channel.split(":");
  const fits = (part: string, value: string | undefined): boolean => part === ANY || part === value;
  return fits(pattern.venue, venue) && fits(pattern.instrument, instrument) && fits(pattern.timeframe, timeframe);
}

/** The channels that a pattern stands for, as far as instruments are known. */
export function expand(pattern: ChannelPattern, known: readonly InstrumentRow[]): string[] {
  const timeframes = pattern.timeframe === ANY ? TIMEFRAMES : [pattern.timeframe];
  return known
    .flatMap((row) => timeframes.map((timeframe) => channelName({ venue: row.venue, instrument: row.instrument, timeframe })))
    .filter((channel) => matches(pattern, channel));
}
