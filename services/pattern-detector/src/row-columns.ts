import type { ArrayType, ArrayValue } from "@tickfleet/database/unnest";
import type { BarRow, PatternRow, SignalRow } from "./lane-writer.ts";

/** A column of a table: its name, how its values travel, and the expression that makes the stored value of one. */
export interface RowColumn<Row> {
  name: string;
  type: ArrayType;
  stored: (name: string) => string;
  read: (row: Row) => ArrayValue;
}

export const KEY = ["venue", "instrument", "timeframe", "anchor", "session", "open_time"] as const;

interface Keyed {
  venue: string;
  instrument: string;
  timeframe: string;
  anchor: string;
  session: string;
  openTime: number;
  closeTime: number;
}

const same = (name: string): string => name;
const time = (name: string): string => `to_timestamp(${name} / 1000.0)`;
/** As text: `jsonb` would sort the fields, and the bytes could not be compared. */
const json = (name: string): string => `${name}::json`;

function column<Row>(name: string, type: ArrayType, read: (row: Row) => ArrayValue, stored = same): RowColumn<Row> {
  return { name, type, stored, read };
}

function keyColumns<Row>(keyIn: (row: Row) => Keyed): RowColumn<Row>[] {
  return [
    column("venue", "text", (row) => keyIn(row).venue),
    column("instrument", "text", (row) => keyIn(row).instrument),
    column("timeframe", "text", (row) => keyIn(row).timeframe),
    column("anchor", "text", (row) => keyIn(row).anchor),
    column("session", "text", (row) => keyIn(row).session),
    column("open_time", "int8", (row) => keyIn(row).openTime, time),
    column("close_time", "int8", (row) => keyIn(row).closeTime, time),
  ];
}

/** Columns of `bars` that are the candle's own, by wire name. */
export const CANDLE_NUMBERS = {
  open: "open",
  high: "high",
  low: "low",
  close: "close",
  volumeBase: "volume_base",
  volumeSma20: "volume_sma20",
  vd: "vd",
  atr14: "atr14",
  trendAngle: "trend_angle",
  trendStrength: "trend_strength",
} as const;

export const BAR_COLUMNS: readonly RowColumn<BarRow>[] = [
  ...keyColumns<BarRow>(({ key, bar }) => ({ ...key, openTime: bar.candle.openTime, closeTime: bar.candle.closeTime })),
  column("lane", "int4", ({ lane }) => lane),
  column("calendar", "text", ({ key }) => key.calendar),
  column("completeness", "text", ({ bar }) => bar.candle.completeness),
  column("enriched_revision", "int4", ({ bar }) => bar.candle.enrichedRevision),
  ...Object.entries(CANDLE_NUMBERS).map(([wire, name]) =>
    column<BarRow>(name, "float8", ({ bar }) => bar.candle[wire as keyof typeof CANDLE_NUMBERS]),
  ),
  column("surroundings", "text", ({ bar }) => (bar.surroundings === null ? null : JSON.stringify(bar.surroundings)), json),
  column("sent", "text", ({ bar }) => JSON.stringify(bar.sent), json),
  column("signal_level", "text", ({ bar }) => bar.signal),
];

export const PATTERN_COLUMNS: readonly RowColumn<PatternRow>[] = [
  ...keyColumns<PatternRow>(({ payload }) => payload),
  column("kind", "text", ({ payload }) => payload.kind),
  column("lane", "int4", ({ lane }) => lane),
  column("state", "text", ({ payload }) => payload.state),
  column("direction", "int4", ({ payload }) => payload.direction),
  column("revision", "int4", ({ payload }) => payload.revision),
  column("weighted_confidence", "float8", ({ payload }) => payload.weightedConfidence),
  column("payload", "text", ({ text }) => text, json),
];

export const SIGNAL_COLUMNS: readonly RowColumn<SignalRow>[] = [
  ...keyColumns<SignalRow>(({ payload }) => payload),
  column("lane", "int4", ({ lane }) => lane),
  column("id", "text", ({ payload }) => payload.id),
  column("state", "text", ({ payload }) => payload.state),
  column("level", "text", ({ payload }) => payload.level),
  column("direction", "int4", ({ payload }) => payload.direction),
  column("revision", "int4", ({ payload }) => payload.revision),
  column("weighted_confidence", "float8", ({ payload }) => payload.weightedConfidence),
  column("payload", "text", ({ text }) => text, json),
  column("inputs", "text", ({ inputs }) => inputs, json),
];
