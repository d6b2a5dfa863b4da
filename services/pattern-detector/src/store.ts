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
import { encodeArray } from "@tickfleet/database/unnest";
import type { Completeness } from "@tickfleet/market/candle";
import type { Timeframe } from "@tickfleet/market/timeframe";
import type { JudgementBar, Surroundings } from "@tickfleet/patterns/judgement-inputs";
import type { SignalLevel } from "@tickfleet/patterns/signal-level";
import { type Bar, SIGNAL } from "./bar-series.ts";
import type { InstrumentKey } from "./instrument-state.ts";
import { messageKeyOf, parkedKeyOf, type SeriesKey } from "./lane-state.ts";
import type { PendingRows } from "./lane-writer.ts";
import { BAR_COLUMNS, CANDLE_NUMBERS, KEY, PATTERN_COLUMNS, type RowColumn, SIGNAL_COLUMNS } from "./row-columns.ts";

export const SCHEMA = "pattern_detector";

/** An instrument that is shut out. */
export interface ParkedInstrument {
  lane: number;
  venue: string;
  instrument: string;
}

/** Bars of a series, oldest first; `isWhole`: there is none before them. */
export interface StoredBars {
  bars: Bar[];
  isWhole: boolean;
}

/** What a key's first message after a rebuild has: the last one is sent again as it was, but one that was withdrawn comes anew. */
const FORMER = "revision + (state = 'withdrawn')::int";
const COMMIT = commitSql();
const NUMBERS = Object.entries(CANDLE_NUMBERS).map(([wire, name]) => `row.${name} as "${wire}"`);

/** Every SQL statement of the pattern-detector's rows. */
export class PatternStore {
  readonly #pool: Pool;
  readonly #lanes: LaneStore;
  readonly #commit: string;

  constructor(pool: Pool, lanes: LaneStore, leaseMs: number) {
    this.#pool = pool;
    this.#lanes = lanes;
    this.#commit = laneCommitSql(SCHEMA, leaseMs) + COMMIT;
  }

  /** Writes rows and checkpoints in one statement; false, and nothing written, where a lane is not held. */
  async commit(updates: readonly LaneUpdate[], rows: PendingRows, parked: readonly ParkedInstrument[]): Promise<boolean> {
    const { rows: answer } = await this.#pool.query<{ ok: boolean }>({
      name: "commit",
      text: this.#commit,
      values: [
        ...laneCommitParameters(this.#lanes.owner, updates),
        ...arraysOf(BAR_COLUMNS, rows.bars),
        ...arraysOf(PATTERN_COLUMNS, rows.patterns),
        ...arraysOf(SIGNAL_COLUMNS, rows.signals),
        parked.map(({ lane }) => lane),
        parked.map(({ venue }) => venue),
        parked.map(({ instrument }) => instrument),
      ],
    });
    return answer[0]?.ok === true;
  }

  /** Of each timeframe the last `count` bars that open before a time (null: of all), and all after them; without those that have none. */
  async loadBars(
    { venue, instrument, anchor, session }: InstrumentKey,
    timeframes: readonly Timeframe[],
    before: number | null,
    count: number,
  ): Promise<Map<Timeframe, StoredBars>> {
    const series = "venue = $1 and instrument = $2 and timeframe = asked.timeframe and anchor = $3 and session = $4";
    const { rows } = await this.#pool.query<StoredBar>(
      `select asked.timeframe, start.open_time as "startTime", row.open_time as "openTime", row.close_time as "closeTime", row.completeness,
         row.enriched_revision as "enrichedRevision", ${NUMBERS.join(", ")}, row.surroundings, row.sent, row.signal_level as "signalLevel"
       from unnest($5::text[]) as asked(timeframe)
       left join lateral (
         select open_time from pattern_detector.bars where ${series} and open_time < coalesce(to_timestamp($6::float8 / 1000), 'infinity')
         order by open_time desc offset $7 limit 1
       ) as start on true
       cross join lateral (
         select * from pattern_detector.bars where ${series} and open_time >= coalesce(start.open_time, '-infinity') order by open_time
       ) as row
       order by asked.timeframe, row.open_time`,
      [venue, instrument, anchor, session, timeframes, before, count - 1],
    );
    const found = new Map<Timeframe, StoredBars>();
    for (const row of rows) {
      let stored = found.get(row.timeframe);
      if (stored === undefined) {
        stored = { bars: [], isWhole: row.startTime === null };
        found.set(row.timeframe, stored);
      }
      stored.bars.push(barOf(row));
    }
    return found;
  }

  /** Revisions above 0 that keys had reached before a rebuild, by `messageKeyOf`. */
  async formerRevisions(lane: number): Promise<Map<string, number>> {
    const { rows } = await this.#pool.query<SeriesKey & { openTime: number; kind: string; revision: number }>(
      `select venue, instrument, timeframe, anchor, session, open_time as "openTime", kind, revision
       from pattern_detector.former_revisions where lane = $1`,
      [lane],
    );
    return new Map(rows.map((row) => [messageKeyOf(row, row.openTime / 1000, row.kind), row.revision]));
  }

  /** Instruments that are shut out, by `parkedKeyOf`. */
  async parked(lane: number): Promise<string[]> {
    const { rows } = await this.#pool.query<ParkedInstrument>(`select venue, instrument from pattern_detector.parked where lane = $1`, [
      lane,
    ]);
    return rows.map(({ venue, instrument }) => parkedKeyOf(venue, instrument));
  }

  /** Empties everything of a lane but the revisions that its keys have reached. */
  async wipe(lane: number, epoch: number): Promise<boolean> {
    return inTransaction(this.#pool, async (client) => {
      const held = await this.#lanes.reset(client, { lane, epoch }, EMPTIED);
      if (held) {
        await client.query(
          `insert into pattern_detector.former_revisions as known (lane, ${KEY.join(", ")}, kind, revision)
           select lane, ${KEY.join(", ")}, kind, ${FORMER} from pattern_detector.patterns where lane = $1 and revision > 0
           union all select lane, ${KEY.join(", ")}, '${SIGNAL}', ${FORMER} from pattern_detector.signals where lane = $1 and revision > 0
           on conflict (${KEY.join(", ")}, kind) do update set revision = greatest(known.revision, excluded.revision)`,
          [lane],
        );
        for (const table of ["bars", "patterns", "signals", "parked"])
          await client.query(`delete from pattern_detector.${table} where lane = $1`, [lane]);
      }
      return held;
    });
  }
}

interface StoredBar extends Record<keyof typeof CANDLE_NUMBERS, number | null> {
  timeframe: Timeframe;
  startTime: number | null;
  openTime: number;
  closeTime: number;
  completeness: Completeness;
  enrichedRevision: number;
  surroundings: Surroundings | null;
  sent: Record<string, number>;
  signalLevel: SignalLevel | null;
}

function barOf(row: StoredBar): Bar {
  const numbers = Object.fromEntries(Object.keys(CANDLE_NUMBERS).map((wire) => [wire, row[wire as keyof typeof CANDLE_NUMBERS]]));
  const candle = {
    openTime: row.openTime / 1000,
    closeTime: row.closeTime / 1000,
    completeness: row.completeness,
    enrichedRevision: row.enrichedRevision,
    ...numbers,
  } as JudgementBar;
  return { candle, surroundings: row.surroundings, sent: row.sent, signal: row.signalLevel, live: null };
}

function arraysOf<Row>(columns: readonly RowColumn<Row>[], rows: readonly Row[]): Buffer[] {
  return columns.map(({ type, read }) => encodeArray(type, rows.map(read)));
}

function commitSql(): string {
  let parameter = LANE_PARAMETERS + 1;
  const next = (type: string): string => `$${parameter++}::${type}[]`;
  const upsert = <Row>(table: string, columns: readonly RowColumn<Row>[], key: readonly string[]): string => {
    const names = columns.map(({ name }) => name);
    const updates = names.filter((name) => !key.includes(name)).map((name) => `${name} = excluded.${name}`);
    return `, ${table}_written as (
      insert into pattern_detector.${table} (${names.join(", ")})
      select ${columns.map(({ name, stored }) => stored(name)).join(", ")}
      from unnest(${columns.map(({ type }) => next(type)).join(", ")}) as input(${names.join(", ")}) where (select ok from lane_ok)
      on conflict (${key.join(", ")}) do update set ${updates.join(", ")}
    )`;
  };
  return `${upsert("bars", BAR_COLUMNS, KEY)}${upsert("patterns", PATTERN_COLUMNS, [...KEY, "kind"])}${upsert("signals", SIGNAL_COLUMNS, KEY)}
  , parked_written as (
    insert into pattern_detector.parked (lane, venue, instrument)
    select * from unnest(${["int4", "text", "text"].map(next).join(", ")}) as input(lane, venue, instrument) where (select ok from lane_ok)
    on conflict do nothing
  ) select ok from lane_ok`;
}
