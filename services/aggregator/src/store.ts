import {
  LANE_PARAMETERS,
  type LanePosition,
  type LaneStore,
  type LaneUpdate,
  laneCommitParameters,
  laneCommitSql,
} from "@tickfleet/database/checkpoint";
import type { Pool } from "@tickfleet/database/pool";
import { inTransaction } from "@tickfleet/database/transaction";
import { type ArrayType, type ArrayValue, encodeArray } from "@tickfleet/database/unnest";
import { type NeededRows, neededFrom } from "@tickfleet/market/candle-revision";
import { CANDLE_ALGORITHM, type CandleRow, createCandle } from "@tickfleet/market/candle-row";
import type { CandleSeries } from "@tickfleet/market/candle-series";
import { LONGEST_WINDOW } from "@tickfleet/market/candle-window";
import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import { CANDLE_COLUMNS } from "./candle-columns.ts";
import type { RecordedInstrument } from "./history-store.ts";
import { keyOf, type SeriesFloor } from "./lane-state.ts";
import { findKeptCandles, wipeLane } from "./rebuild-store.ts";
import { candleRowOf, ROW_COLUMNS, type StoredRow } from "./stored-row.ts";

/** A message with trades, kept for as long as late trades may reopen its minutes. */
export interface KeptBatch {
  lane: number;
  venue: string;
  instrument: string;
  inputLog: string;
  inputSeq: number;
  /** Opens of the first and the last minute with a trade in it, epoch milliseconds. */
  fromMinute: number;
  toMinute: number;
  payload: Uint8Array;
}

export interface StateText {
  lane: number;
  /** "" together with an empty instrument: what the lane knows of connections. */
  venue: string;
  instrument: string;
  state: string;
}

/** `input_log` of messages of the stream; those of a rebuild are named after their generation and sort before it. */
export const PRESENT_LOG = "present";

/** Everything that one commit writes. */
export interface CommitRows {
  candles: readonly { series: CandleSeries; lane: number; row: CandleRow; inputSeq: number }[];
  states: readonly StateText[];
  batches: readonly KeptBatch[];
}

const KEY = ["venue", "instrument", "timeframe", "anchor", "session", "open_time"];
const EXTRA = [
  ["lane", "int4"],
  ["input_seq", "int8"],
  ["absent_minutes", "int4"],
  ["sums", "bytea"],
] as const;
const ALL_COLUMNS = [...CANDLE_COLUMNS.map((column) => column.name), ...EXTRA.map(([name]) => name)];
const FIRST_PARAMETER = LANE_PARAMETERS + 1;

const COMMIT = commitSql();

/** Every SQL statement of the aggregator's rows. */
export class CandleStore {
  readonly #pool: Pool;
  readonly #lanes: LaneStore;
  readonly #commit: string;

  constructor(pool: Pool, lanes: LaneStore, leaseMs: number) {
    this.#pool = pool;
    this.#lanes = lanes;
    this.#commit = laneCommitSql("aggregator", leaseMs) + COMMIT;
  }

  /** Writes rows, states and checkpoints in one statement; false, and nothing written, where a lane is not held. */
  async commit(updates: readonly LaneUpdate[], rows: CommitRows): Promise<boolean> {
    const candles = rows.candles.map(({ series, row }) => createCandle(series, row));
    const { states, batches } = rows;
    const { rows: answer } = await this.#pool.query<{ ok: boolean }>({
      name: "commit",
      text: this.#commit,
      values: [
        ...laneCommitParameters(this.#lanes.owner, updates),
        ...CANDLE_COLUMNS.map(({ type, wire }) =>
          encodeArray(
            type === "timestamptz" ? "int8" : type,
            candles.map((candle) => candle[wire]),
          ),
        ),
        column(rows.candles, "int4", (entry) => entry.lane),
        column(rows.candles, "int8", (entry) => entry.inputSeq),
        column(rows.candles, "int4", (entry) => entry.row.absentMinutes),
        column(rows.candles, "bytea", (entry) => bytesOf(entry.row.sums)),
        column(states, "int4", (state) => state.lane),
        column(states, "text", (state) => state.venue),
        column(states, "text", (state) => state.instrument),
        column(states, "text", (state) => state.state),
        column(batches, "int4", (batch) => batch.lane),
        column(batches, "text", (batch) => batch.venue),
        column(batches, "text", (batch) => batch.instrument),
        column(batches, "text", (batch) => batch.inputLog),
        column(batches, "int8", (batch) => batch.inputSeq),
        column(batches, "int8", (batch) => batch.fromMinute),
        column(batches, "int8", (batch) => batch.toMinute),
        column(batches, "bytea", (batch) => batch.payload),
      ],
    });
    return answer[0]?.ok === true;
  }

  async states(lane: number): Promise<StateText[]> {
    const { rows } = await this.#pool.query<StateText>(
      `select lane, venue, instrument, state from aggregator.series_states where lane = $1`,
      [lane],
    );
    return rows;
  }

  /** Whether the state of a lane was made by the algorithm of this code. */
  async isCurrent(lane: number): Promise<boolean> {
    const { rows } = await this.#pool.query<{ isCurrent: boolean }>(
      `select not exists (select from aggregator.series_states
         where lane = $1 and venue <> '' and (state::json ->> 'algo') is distinct from $2) as "isCurrent"`,
      [lane, CANDLE_ALGORITHM],
    );
    return rows[0]?.isCurrent ?? true;
  }

  /** Messages with trades in minutes from `fromMinute` to `toMinute`, both included, in input order. */
  async batches(venue: string, instrument: string, fromMinute: number, toMinute: number): Promise<Uint8Array[]> {
    const { rows } = await this.#pool.query<{ payload: Buffer }>(
      `select payload from aggregator.trade_batches where venue = $1 and instrument = $2 and to_minute >= $3 and from_minute <= $4
       order by input_log, input_seq`,
      [venue, instrument, fromMinute, toMinute],
    );
    return rows.map((row) => row.payload);
  }

  /** Closed rows of a series from these open times on, and before them the last 20 with trades and the last of all. */
  async rows(of: CandleSeries, needed: NeededRows): Promise<CandleRow[]> {
    const { venue, instrument, anchor, session } = of.key;
    const series = "venue = $1 and instrument = $2 and timeframe = wanted.name and anchor = $3 and session = $4 and state <> 'forming'";
    const { rows } = await this.#pool.query<StoredRow>(
      `select ${ROW_COLUMNS}
       from unnest($5::text[], $6::float8[]) as wanted(name, from_ms) cross join lateral (
         (select * from aggregator.candles where ${series} and open_time >= to_timestamp(from_ms / 1000))
         union all (select * from aggregator.candles where ${series} and open_time < to_timestamp(from_ms / 1000) and trades > 0
           order by open_time desc limit $7)
         union all (select * from aggregator.candles where ${series} and open_time < to_timestamp(from_ms / 1000) order by open_time desc limit 1)
       ) as candle`,
      [venue, instrument, anchor, session, TIMEFRAMES, TIMEFRAMES.map((timeframe) => neededFrom(needed, timeframe)), LONGEST_WINDOW],
    );
    return rows.map(candleRowOf);
  }

  /** Takes a lane's rows and states back to a kept checkpoint, and the checkpoint itself. */
  async rollBack(lane: number, epoch: number, to: LanePosition): Promise<boolean> {
    return inTransaction(this.#pool, async (client) => {
      if (!(await this.#lanes.reset(client, { lane, epoch }, to))) return false;
      await client.query(
        `create temporary table restored on commit drop as
         select distinct on (${KEY.map((name) => `version.${name}`).join(", ")}) version.*
         from aggregator.candle_versions as version join aggregator.candles as present using (${KEY.join(", ")})
         where present.lane = $1 and present.input_seq > $2 and version.input_seq <= $2
         order by ${KEY.map((name) => `version.${name}`).join(", ")}, version.input_seq desc`,
        [lane, to.seq],
      );
      await client.query(`delete from aggregator.candles where lane = $1 and input_seq > $2`, [lane, to.seq]);
      await client.query(`insert into aggregator.candles (${ALL_COLUMNS.join(", ")}) select ${ALL_COLUMNS.join(", ")} from restored`);
      await client.query(`delete from aggregator.candle_versions where lane = $1 and input_seq > $2`, [lane, to.seq]);
      await client.query(`delete from aggregator.trade_batches where lane = $1 and input_log = $2 and input_seq > $3`, [
        lane,
        PRESENT_LOG,
        to.seq,
      ]);
      await client.query(`delete from aggregator.series_states where lane = $1`, [lane]);
      await client.query(
        `insert into aggregator.series_states (lane, venue, instrument, state)
         select lane, venue, instrument, state from aggregator.kept_states where lane = $1 and seq = $2`,
        [lane, to.seq],
      );
      await client.query(`delete from aggregator.kept_states where lane = $1 and seq >= $2`, [lane, to.seq]);
      return true;
    });
  }

  /** Empties a lane, but for the candles that the record cannot make again (`wipeLane`). */
  async wipe(lane: number, epoch: number, instruments: readonly RecordedInstrument[]): Promise<boolean> {
    return wipeLane(this.#pool, this.#lanes, { lane, epoch }, instruments);
  }

  /** What a rebuild of these instruments goes on from, by `keyOf`; none for one that begins with its first trade. */
  async floors(instruments: readonly RecordedInstrument[]): Promise<Map<string, SeriesFloor>> {
    const floors = new Map<string, SeriesFloor>();
    for (const each of instruments) {
      if (each.floorMs === null) continue;
      const kept = await findKeptCandles(this.#pool, each, each.floorMs);
      floors.set(keyOf(each.venue, each.instrument), { floorMs: each.floorMs, kept });
    }
    return floors;
  }

  /** Drops what no late trade and no step back can ask for any more. */
  async prune(before: readonly { venue: string; instrument: string; minute: number }[]): Promise<void> {
    const kept = await this.#lanes.pruneKept();
    for (const [lane, seq] of kept) {
      await this.#pool.query(`delete from aggregator.kept_states where lane = $1 and seq < $2`, [lane, seq]);
      await this.#pool.query(
        `delete from aggregator.candle_versions where lane = $1 and input_seq < $2 and exists (
        select from aggregator.candle_versions as newer where (newer.venue, newer.instrument, newer.timeframe, newer.open_time)
          = (candle_versions.venue, candle_versions.instrument, candle_versions.timeframe, candle_versions.open_time)
          and newer.input_seq > candle_versions.input_seq and newer.input_seq <= $2
        union all select from aggregator.candles as present where (present.venue, present.instrument, present.timeframe, present.open_time)
          = (candle_versions.venue, candle_versions.instrument, candle_versions.timeframe, candle_versions.open_time) and present.input_seq <= $2)`,
        [lane, seq],
      );
    }
    if (before.length === 0) return;
    await this.#pool.query(
      `delete from aggregator.trade_batches as batch using unnest($1::text[], $2::text[], $3::int8[]) as cut(venue, instrument, minute)
       where batch.venue = cut.venue and batch.instrument = cut.instrument and batch.to_minute < cut.minute`,
      [before.map((cut) => cut.venue), before.map((cut) => cut.instrument), before.map((cut) => cut.minute)],
    );
  }
}

function column<Row>(rows: readonly Row[], type: ArrayType, valueIn: (row: Row) => ArrayValue): Buffer {
  return encodeArray(type, rows.map(valueIn));
}

function bytesOf(sums: Float64Array): Buffer {
  return Buffer.from(sums.buffer, sums.byteOffset, sums.byteLength);
}

function commitSql(): string {
  let parameter = FIRST_PARAMETER;
  const next = (type: string): string => `$${parameter++}::${type}[]`;
  const arrays = [
    ...CANDLE_COLUMNS.map((column) => next(column.type === "timestamptz" ? "int8" : column.type)),
    ...EXTRA.map(([, type]) => next(type)),
  ];
  const values = [
    ...CANDLE_COLUMNS.map(({ name, type }) => (type === "timestamptz" ? `to_timestamp(${name} / 1000.0)` : name)),
    ...EXTRA.map(([name]) => name),
  ];
  const key = KEY.filter((name) => name !== "open_time").map((name) => `candle.${name} = input.${name}`);
  return `, candle_input as (
    select ${values.map((value, i) => `${value} as ${ALL_COLUMNS[i]}`).join(", ")} from unnest(${arrays.join(", ")}) as input(${ALL_COLUMNS.join(", ")})
    where (select ok from lane_ok)
  ), versions as (
    insert into aggregator.candle_versions (${ALL_COLUMNS.join(", ")})
    select ${ALL_COLUMNS.map((name) => `candle.${name}`).join(", ")} from aggregator.candles as candle
    join candle_input as input on ${key.join(" and ")} and candle.open_time = input.open_time
    where candle.state <> 'forming' and input.input_seq > 0
  ), candles_written as (
    insert into aggregator.candles as present (${ALL_COLUMNS.join(", ")}) select ${ALL_COLUMNS.join(", ")} from candle_input
    on conflict (${KEY.join(", ")}) do update set ${ALL_COLUMNS.filter((name) => !KEY.includes(name))
      .map((name) => `${name} = excluded.${name}`)
      .join(", ")}
    where excluded.state <> 'forming' or present.state = 'forming'
  ), kept as (
    insert into aggregator.kept_states (lane, seq, venue, instrument, state)
    select state.lane, lane_kept.seq, state.venue, state.instrument, state.state from aggregator.series_states as state join lane_kept using (lane)
    on conflict do nothing
  ), states_written as (
    insert into aggregator.series_states (lane, venue, instrument, state)
    select * from unnest(${[next("int4"), next("text"), next("text"), next("text")].join(", ")}) as input(lane, venue, instrument, state) where (select ok from lane_ok)
    on conflict (lane, venue, instrument) do update set state = excluded.state
  ), batches_written as (
    insert into aggregator.trade_batches (lane, venue, instrument, input_log, input_seq, from_minute, to_minute, payload)
    select * from unnest(${["int4", "text", "text", "text", "int8", "int8", "int8", "bytea"].map(next).join(", ")})
      as input(lane, venue, instrument, input_log, input_seq, from_minute, to_minute, payload) where (select ok from lane_ok)
    on conflict do nothing
  ) select ok from lane_ok`;
}
