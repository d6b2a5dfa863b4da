import { INDICATOR_NAMES, type IndicatorName } from "@tickfleet/contracts/enriched-messages";
import {
  EMPTIED,
  LANE_PARAMETERS,
  type LaneStore,
  type LaneUpdate,
  laneCommitParameters,
  laneCommitSql,
} from "@tickfleet/database/checkpoint";
import type { Pool } from "@tickfleet/database/pool";
import { inTransaction } from "@tickfleet/database/transaction";
import { type ArrayType, type ArrayValue, encodeArray } from "@tickfleet/database/unnest";
import type { Candle } from "@tickfleet/market/candle";
import { TIMEFRAMES, type Timeframe } from "@tickfleet/market/timeframe";
import { CANDLE_COLUMNS, INDICATOR_COLUMNS } from "./enriched-columns.ts";
import type { EnrichedRow, SeriesKey } from "./enriched-row.ts";
import type { SeriesContext } from "./indicator-series.ts";
import { ALGORITHMS, LONGEST_WINDOW, VOLUME_WINDOW } from "./indicator-set.ts";
import { instrumentKeyOf, rowKeyOf } from "./lane-state.ts";
import type { PendingRow } from "./lane-writer.ts";

/** An instrument that is shut out. */
export interface ParkedInstrument {
  lane: number;
  venue: string;
  instrument: string;
}

const KEY = ["venue", "instrument", "timeframe", "anchor", "session", "open_time"];
const EXTRA = [
  ["lane", "int4"],
  ["revision", "int4"],
  ["algo_set", "int4"],
  ["undefined_names", "text"],
  ["running", "bytea"],
] as const;
const ALL_COLUMNS = [...CANDLE_COLUMNS.map(({ name }) => name), ...INDICATOR_COLUMNS, ...EXTRA.map(([name]) => name)];
/** Wire names of what `rowsFrom` reads. */
const ROW_COLUMNS = [...CANDLE_COLUMNS.map(({ name }) => name), ...INDICATOR_COLUMNS, "revision", "undefined_names", "running"];

const COMMIT = commitSql();

/** Every SQL statement of the indicator service's rows. */
export class EnrichedStore {
  readonly #pool: Pool;
  readonly #lanes: LaneStore;
  readonly #commit: string;
  #algorithmSet: number | null = null;

  constructor(pool: Pool, lanes: LaneStore, leaseMs: number) {
    this.#pool = pool;
    this.#lanes = lanes;
    this.#commit = laneCommitSql("indicator", leaseMs) + COMMIT;
  }

  /** Writes rows and checkpoints in one statement; false, and nothing written, where a lane is not held. */
  async commit(updates: readonly LaneUpdate[], rows: readonly PendingRow[], parked: readonly ParkedInstrument[]): Promise<boolean> {
    const algorithmSet = await this.#findAlgorithmSet();
    const column = (type: ArrayType, valueIn: (row: EnrichedRow) => ArrayValue): Buffer =>
      encodeArray(
        type,
        rows.map(({ row }) => valueIn(row)),
      );
    const { rows: answer } = await this.#pool.query<{ ok: boolean }>({
      name: "commit",
      text: this.#commit,
      values: [
        ...laneCommitParameters(this.#lanes.owner, updates),
        ...CANDLE_COLUMNS.map(({ type, wire }) => column(type === "timestamptz" ? "int8" : type, ({ candle }) => candle[wire])),
        ...INDICATOR_COLUMNS.map((_, place) => column("float8", ({ values }) => values[place])),
        encodeArray(
          "int4",
          rows.map(({ lane }) => lane),
        ),
        column("int4", ({ revision }) => revision),
        column("int4", () => algorithmSet),
        column("text", (row) => row.undefined.join(" ")),
        column("bytea", ({ running }) => bytesOf(running)),
        parked.map(({ lane }) => lane),
        parked.map(({ venue }) => venue),
        parked.map(({ instrument }) => instrument),
      ],
    });
    return answer[0]?.ok === true;
  }

  /** What series of an instrument are restored from, by timeframe; without those that have no row. @param before an open, or null: now */
  async contexts(key: SeriesKey, timeframes: readonly Timeframe[], before: number | null): Promise<Map<Timeframe, SeriesContext>> {
    const { venue, instrument, anchor, session } = key;
    const values = [venue, instrument, anchor, session, timeframes, before];
    const read = <Row extends object>(columns: string, condition: string, limit: number): Promise<{ rows: Row[] }> =>
      this.#pool.query<Row>(lastRowsSql(columns, condition, limit), values);
    const [priced, volumes, last] = await Promise.all([
      read<PricedRow>("open_time, high, low, close", "and close is not null", LONGEST_WINDOW),
      read<VolumeRow>("open_time, volume_base", "and (close is not null or completeness = 'no-trades')", VOLUME_WINDOW),
      read<LastRow>("open_time, close_time, running", "", 1),
    ]);
    return new Map(
      last.rows.map(({ timeframe, open_time, close_time, running }) => [
        timeframe,
        {
          priced: priced.rows
            .filter((row) => row.timeframe === timeframe)
            .map(({ open_time: openTime, high, low, close }) => ({ openTime: openTime / 1000, high, low, close })),
          volumes: volumes.rows.filter((row) => row.timeframe === timeframe).map(({ volume_base }) => volume_base),
          last: { openTime: open_time / 1000, closeTime: close_time / 1000, running: numbersOf(running) },
        },
      ]),
    );
  }

  /** Rows of a series from an open on, oldest first. */
  async rowsFrom(key: SeriesKey, from: number): Promise<EnrichedRow[]> {
    const { venue, instrument, timeframe, anchor, session } = key;
    const { rows } = await this.#pool.query<StoredRow>(
      `select ${ROW_COLUMNS.join(", ")} from indicator.enriched_candles
       where venue = $1 and instrument = $2 and timeframe = $3 and anchor = $4 and session = $5 and open_time >= to_timestamp($6::float8 / 1000)
       order by open_time`,
      [venue, instrument, timeframe, anchor, session, from],
    );
    return rows.map(rowOf);
  }

  /** Whether the newest rows of a lane were made by the algorithms of this code; a rebuild leaves none of others. */
  async isCurrent(lane: number): Promise<boolean> {
    const set = await this.#findAlgorithmSet();
    const { rows } = await this.#pool.query<{ isCurrent: boolean }>(
      `with recursive series as (
        (select venue, instrument from indicator.enriched_candles order by venue, instrument limit 1)
        union all
        select next.venue, next.instrument from series cross join lateral (
          select venue, instrument from indicator.enriched_candles
          where (venue, instrument) > (series.venue, series.instrument) order by venue, instrument limit 1
        ) as next
      ) select not exists (select from series cross join unnest($1::text[]) as asked(timeframe) cross join lateral (
        select lane, algo_set from indicator.enriched_candles as row
        where (row.venue, row.instrument, row.timeframe) = (series.venue, series.instrument, asked.timeframe)
        order by anchor desc, session desc, open_time desc limit 1
      ) as newest where newest.lane = $2 and newest.algo_set <> $3) as "isCurrent"`,
      [TIMEFRAMES, lane, set],
    );
    return rows[0]?.isCurrent ?? true;
  }

  /** Revisions above 0 that keys had reached before a rebuild, by `rowKeyOf`. */
  async formerRevisions(lane: number): Promise<Map<string, number>> {
    const { rows } = await this.#pool.query<SeriesKey & { openTime: number; revision: number }>(
      `select venue, instrument, timeframe, anchor, session, open_time as "openTime", revision from indicator.former_revisions where lane = $1`,
      [lane],
    );
    return new Map(rows.map((row) => [rowKeyOf(row, row.openTime / 1000), row.revision]));
  }

  /** Instruments that are shut out, by `instrumentKeyOf`. */
  async parked(lane: number): Promise<string[]> {
    const { rows } = await this.#pool.query<ParkedInstrument>(`select venue, instrument from indicator.parked where lane = $1`, [lane]);
    return rows.map(({ venue, instrument }) => instrumentKeyOf(venue, instrument));
  }

  /** Empties everything of a lane but the revisions that its keys have reached. */
  async wipe(lane: number, epoch: number): Promise<boolean> {
    return inTransaction(this.#pool, async (client) => {
      const held = await this.#lanes.reset(client, { lane, epoch }, EMPTIED);
      if (held) {
        await client.query(
          `insert into indicator.former_revisions as known (lane, ${KEY.join(", ")}, revision)
           select lane, ${KEY.join(", ")}, revision from indicator.enriched_candles where lane = $1 and revision > 0
           on conflict (${KEY.join(", ")}) do update set revision = greatest(known.revision, excluded.revision)`,
          [lane],
        );
        for (const table of ["enriched_candles", "parked"]) await client.query(`delete from indicator.${table} where lane = $1`, [lane]);
      }
      return held;
    });
  }

  async #findAlgorithmSet(): Promise<number> {
    if (this.#algorithmSet !== null) return this.#algorithmSet;
    const ids = ALGORITHMS.join(" ");
    await this.#pool.query(`insert into indicator.algorithm_sets (ids) values ($1) on conflict do nothing`, [ids]);
    const { rows } = await this.#pool.query<{ id: number }>(`select id from indicator.algorithm_sets where ids = $1`, [ids]);
    this.#algorithmSet = (rows[0] as { id: number }).id;
    return this.#algorithmSet;
  }
}

interface PricedRow {
  timeframe: Timeframe;
  open_time: number;
  high: number;
  low: number;
  close: number;
}

interface VolumeRow {
  timeframe: Timeframe;
  volume_base: number;
}

interface LastRow {
  timeframe: Timeframe;
  open_time: number;
  close_time: number;
  running: Buffer;
}

type StoredRow = Record<string, string | number | null> & { revision: number; undefined_names: string; running: Buffer };

/** The last rows of every timeframe before a time, oldest first. */
function lastRowsSql(columns: string, condition: string, limit: number): string {
  return `select asked.timeframe, found.* from unnest($5::text[]) as asked(timeframe) cross join lateral (
      select ${columns} from indicator.enriched_candles as row
      where row.venue = $1 and row.instrument = $2 and row.timeframe = asked.timeframe and row.anchor = $3 and row.session = $4
        and row.open_time < coalesce(to_timestamp($6::float8 / 1000), 'infinity') ${condition}
      order by row.open_time desc limit ${limit}
    ) as found order by asked.timeframe, found.open_time`;
}

function rowOf(stored: StoredRow): EnrichedRow {
  const candle = Object.fromEntries(
    CANDLE_COLUMNS.map(({ wire, name, type }) => {
      const value = stored[name] ?? null;
      return [wire, type === "timestamptz" ? (value as number) / 1000 : value];
    }),
  );
  const names = stored.undefined_names === "" ? [] : stored.undefined_names.split(" ");
  return {
    candle: candle as unknown as Candle,
    revision: stored.revision,
    values: INDICATOR_NAMES.map((_, place) => (stored[INDICATOR_COLUMNS[place] as string] ?? null) as number | null),
    undefined: names as IndicatorName[],
    running: numbersOf(stored.running),
  };
}

function bytesOf(numbers: Float64Array): Buffer {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

/** A copy, because the bytes of an answer are not aligned. */
function numbersOf(bytes: Buffer): Float64Array {
  return new Float64Array(new Uint8Array(bytes).buffer);
}

function commitSql(): string {
  let parameter = LANE_PARAMETERS + 1;
  const next = (type: string): string => `$${parameter++}::${type}[]`;
  const arrays = [
    ...CANDLE_COLUMNS.map(({ type }) => next(type === "timestamptz" ? "int8" : type)),
    ...INDICATOR_COLUMNS.map(() => next("float8")),
    ...EXTRA.map(([, type]) => next(type)),
  ];
  const values = [
    ...CANDLE_COLUMNS.map(({ name, type }) => (type === "timestamptz" ? `to_timestamp(${name} / 1000.0)` : name)),
    ...INDICATOR_COLUMNS,
    ...EXTRA.map(([name]) => name),
  ];
  const updates = ALL_COLUMNS.filter((name) => !KEY.includes(name)).map((name) => `${name} = excluded.${name}`);
  return `, rows_written as (
    insert into indicator.enriched_candles (${ALL_COLUMNS.join(", ")})
    select ${values.join(", ")} from unnest(${arrays.join(", ")}) as input(${ALL_COLUMNS.join(", ")}) where (select ok from lane_ok)
    on conflict (${KEY.join(", ")}) do update set ${updates.join(", ")}
  ), parked_written as (
    insert into indicator.parked (lane, venue, instrument)
    select * from unnest(${["int4", "text", "text"].map(next).join(", ")}) as input(lane, venue, instrument) where (select ok from lane_ok)
    on conflict do nothing
  ) select ok from lane_ok`;
}
