import { partitionOf } from "@tickfleet/contracts/tokens";
import { CANDLE_ALGORITHM, type CandleRow } from "@tickfleet/market/candle-row";
import { CandleSeries } from "@tickfleet/market/candle-series";
import { type KeptCandles, seedSeries } from "@tickfleet/market/candle-series-seed";
import { restoreSeries, type SeriesSnapshot, snapshotSeries } from "@tickfleet/market/candle-series-snapshot";
import type { Instrument } from "@tickfleet/market/instrument";

/** A connection as its clocks and status told of it; only instruments of this lane. */
export interface Connection {
  venue: string;
  connection: string;
  state: "live" | "down" | "ended";
  /** Venue time promised, epoch microseconds. */
  timeUs: number;
  instruments: string[];
}

/** How a gap ended, and how far it reached (epoch microseconds). */
export interface SettledGap {
  id: string;
  to: number;
  rank: number;
}

/** One instrument with what is waiting to be written of it. */
export interface LaneSeries {
  series: CandleSeries;
  /** Its state changed since the last commit. */
  dirty: boolean;
  /** Trades came since the open minutes were last sent, the newest in the message with this sequence. */
  changed: boolean;
  /** Open minutes were sent since the open candles of the longer timeframes were. */
  longerChanged: boolean;
  basedOnSeq: number;
  stamps: Readonly<Record<string, number>>;
  /** The open candles shall be stored with the next commit. */
  storeForming: boolean;
  /** Gaps whose outcome is known, newest last. */
  settledGaps: readonly SettledGap[];
  /** In a rebuild: its candles before this time (epoch microseconds) are left as they are. */
  floorUs: number;
  /** In a rebuild: candles around the floor that are left as they are, by `leftAloneKey`. */
  leftAlone: ReadonlySet<string>;
}

/** Where a rebuild of an instrument begins (epoch milliseconds), and what was kept before it. */
export interface SeriesFloor {
  floorMs: number;
  kept: KeptCandles;
}

/** Connections of the same instrument differ by less, unless one of them tells of the past. */
const FAR_BEHIND_US = 60_000_000;

/** State of one partition. */
export class LaneState {
  readonly lane: number;
  readonly connections = new Map<string, Connection>();
  readonly instruments = new Map<string, LaneSeries>();
  /** Instruments whose messages go to the dead letters until one of them is sent back. */
  readonly parked = new Map<string, { venue: string; instrument: string }>();
  /** In a rebuild: instruments of which older candles are kept, by `keyOf`. */
  readonly #floors: Map<string, SeriesFloor>;
  connectionsDirty = false;

  constructor(lane: number, floors: ReadonlyMap<string, SeriesFloor> = new Map()) {
    this.lane = lane;
    this.#floors = new Map(floors);
  }

  find(venue: string, instrument: string): LaneSeries | undefined {
    return this.instruments.get(keyOf(venue, instrument));
  }

  /** Lists an instrument, covered from this time on where it is new; one of another lane is left out. */
  list(instrument: Instrument, coveredFromUs: number): boolean {
    if (partitionOf(instrument.venue, instrument.instrument) !== this.lane) return false;
    const known = this.find(instrument.venue, instrument.instrument);
    if (known) known.series.instrument = instrument;
    else this.#begin(new CandleSeries(instrument, coveredFromUs));
    return true;
  }

  #begin(series: CandleSeries): void {
    const entry = this.put(series);
    const key = keyOf(series.key.venue, series.key.instrument);
    const floor = this.#floors.get(key);
    if (floor === undefined) return;
    this.#floors.delete(key);
    entry.floorUs = floor.floorMs * 1000;
    entry.leftAlone = seedSeries(series, floor.floorMs, floor.kept);
  }

  put(series: CandleSeries): LaneSeries {
    const entry: LaneSeries = {
      series,
      dirty: true,
      changed: false,
      longerChanged: false,
      basedOnSeq: 0,
      stamps: {},
      storeForming: false,
      settledGaps: [],
      floorUs: Number.NEGATIVE_INFINITY,
      leftAlone: new Set(),
    };
    this.instruments.set(keyOf(series.key.venue, series.key.instrument), entry);
    return entry;
  }

  /**
   * Venue time up to which an instrument is complete: the least of the live connections that list it. One far behind
   * the others is a replay of the past beside them, and promises nothing of the present.
   */
  clockOf(venue: string, instrument: string): number | null {
    const times: number[] = [];
    for (const connection of this.connections.values()) {
      if (connection.state === "live" && connection.venue === venue && connection.instruments.includes(instrument))
        times.push(connection.timeUs);
    }
    if (times.length === 0) return null;
    const greatest = Math.max(...times);
    return Math.min(...times.filter((time) => time >= greatest - FAR_BEHIND_US));
  }

  /** What does not belong to one instrument, as JSON. */
  snapshotConnections(): string {
    return JSON.stringify({ connections: [...this.connections.values()], parked: [...this.parked.values()] });
  }

  restoreConnections(text: string): void {
    const { connections, parked } = JSON.parse(text) as { connections: Connection[]; parked: { venue: string; instrument: string }[] };
    for (const connection of connections) this.connections.set(keyOf(connection.venue, connection.connection), connection);
    for (const entry of parked) this.parked.set(keyOf(entry.venue, entry.instrument), entry);
  }
}

/** Rows of one commit, each key once: the last that was said of it. */
export class PendingRows {
  readonly rows = new Map<string, { series: CandleSeries; lane: number; row: CandleRow; inputSeq: number }>();

  put(lane: number, series: CandleSeries, row: CandleRow, inputSeq: number): void {
    this.rows.set(`${series.key.venue}\0${series.key.instrument}\0${row.timeframe}\0${row.openTime}`, { series, lane, row, inputSeq });
  }
}

export function keyOf(venue: string, name: string): string {
  return `${venue}\0${name}`;
}

/** State of one instrument, as text for the table. */
export function snapshotText({ series, settledGaps }: LaneSeries): string {
  return JSON.stringify({ algo: CANDLE_ALGORITHM, ...snapshotSeries(series), settledGaps });
}

export function seriesFromText(text: string): Pick<LaneSeries, "series" | "settledGaps"> {
  const { settledGaps = [], ...snapshot } = JSON.parse(text) as SeriesSnapshot & { settledGaps?: SettledGap[] };
  return { series: restoreSeries(snapshot), settledGaps };
}

/** Marks the minutes of a message that could not be read; null: those of its time, which in a rebuild may lie before the floor. */
export function spoilMinutes(entry: LaneSeries, minutes: { fromMinute: number; toMinute: number } | null, fromHistory: boolean): void {
  entry.dirty = true;
  if (minutes === null && fromHistory && entry.series.watermarkUs < entry.floorUs) return;
  entry.series.spoil(minutes);
}
