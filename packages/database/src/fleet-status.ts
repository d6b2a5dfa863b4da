import { openPool, type Pool } from "./pool.ts";

/** How far the reader of one lane is in its stream. */
export interface ReaderPosition {
  streamCreated: string | null;
  seq: number;
}

export interface LanePositionRow extends ReaderPosition {
  lane: number;
  owner: string | null;
  /** Its owner's lease runs. */
  held: boolean;
}

/** A lane of a service behind another one's stream, and how far that one says that it has written there for the same lane. */
export interface DerivedLaneRow extends LanePositionRow {
  written: ReaderPosition;
}

/** An instrument on record; times in epoch milliseconds, null before its first trade. */
export interface RecordedInstrument {
  venue: string;
  instrument: string;
  firstTradeTime: number | null;
  lastTradeTime: number | null;
  /** From when on all of its trades are still on record; null: none was dropped. */
  wholeFrom: number | null;
  calendar: string;
  /** Shut out after a handler failed on it three times. */
  parked: boolean;
}

/** A stretch in which trades of an instrument may be missing for good, or are still looked for; epoch milliseconds. */
export interface OpenGap {
  id: string;
  venue: string;
  instrument: string;
  from: number;
  to: number;
  state: string;
  missing: number | null;
}

const EXAMPLE_CHARACTERS = 400;

/** Why inputs were set aside: how many for this reason, and the first of them as it came. */
export interface QuarantineReason {
  reason: string;
  count: number;
  example: string;
}

/** Reads of the command line over the views that services publish. */
export class FleetStatusStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** With the gateway's rights where the roles are there. */
  static open(url: string): FleetStatusStore {
    return new FleetStatusStore(openPool(url, { max: 2, name: "cli", schema: "api", statementTimeoutMs: 60_000 }));
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  async recorder(): Promise<ReaderPosition> {
    const { rows } = await this.#pool.query<ReaderPosition>('select stream_created as "streamCreated", seq from ingest.pub_recorder');
    return rows[0] ?? { streamCreated: null, seq: 0 };
  }

  async lanes(): Promise<LanePositionRow[]> {
    const { rows } = await this.#pool.query<LanePositionRow>(
      'select lane, owner, expires > now() as held, stream_created as "streamCreated", seq from aggregator.pub_lanes order by lane',
    );
    return rows;
  }

  /** The indicator's lanes in CANDLES. */
  indicatorLanes(): Promise<DerivedLaneRow[]> {
    return this.#derivedLanes("indicator", "aggregator", "CANDLES");
  }

  /** The pattern-detector's lanes in ENRICHED. */
  patternLanes(): Promise<DerivedLaneRow[]> {
    return this.#derivedLanes("pattern_detector", "indicator", "ENRICHED");
  }

  async instruments(): Promise<RecordedInstrument[]> {
    const { rows } = await this.#pool.query<RecordedInstrument>(
      `select i.venue, i.instrument, i.calendar, i.first_trade_time as "firstTradeTime", i.last_trade_time as "lastTradeTime",
         record.whole_from as "wholeFrom",
         exists (select from aggregator.pub_parked p where p.venue = i.venue and p.instrument = i.instrument) as parked
       from ingest.pub_instruments i join ingest.pub_trade_record record using (venue, instrument) order by i.venue, i.instrument`,
    );
    return rows.map((row) => ({
      ...row,
      firstTradeTime: millisecondsOf(row.firstTradeTime),
      lastTradeTime: millisecondsOf(row.lastTradeTime),
      wholeFrom: row.wholeFrom === null ? null : Math.ceil(row.wholeFrom / 1000),
    }));
  }

  /** Gaps that are not closed or stay unfilled, newest first. */
  async gaps(limit: number): Promise<OpenGap[]> {
    const { rows } = await this.#pool.query<OpenGap>(
      `select id, venue, instrument, from_time as "from", to_time as "to", state, missing
       from ingest.pub_gaps where state in ('open', 'unfilled') order by from_time desc limit $1`,
      [limit],
    );
    return rows.map((row) => ({ ...row, from: Math.floor(row.from / 1000), to: Math.floor(row.to / 1000) }));
  }

  /**
   * Why a replay set inputs aside, the most frequent reason first; prints outside of trading hours are none of them. What tells one row
   * from another, its place and its value, is in the example alone.
   */
  async quarantineReasons(replayId: string, limit: number): Promise<QuarantineReason[]> {
    const { rows } = await this.#pool.query<QuarantineReason>(
      `with found as (
         select id, regexp_replace(regexp_replace(reason, '^.* row \\d+: ', ''), '(, found .*|: \\d+-\\d\\d-\\d\\dT\\S+)$', '') as reason
         from ingest.pub_quality_events where source = $1 and reason <> 'outside session'
       ), grouped as (select reason, count(*) as count, min(id) as first from found group by reason)
       select grouped.reason, grouped.count, left(event.raw, $3) as example
       from grouped join ingest.pub_quality_events event on event.id = grouped.first order by grouped.count desc, grouped.first limit $2`,
      [`replay:${replayId}`, limit, EXAMPLE_CHARACTERS],
    );
    return rows;
  }

  /** Candles of every state on record, per timeframe. */
  async candleCounts(venue: string, instruments: readonly string[]): Promise<Record<string, number>> {
    const { rows } = await this.#pool.query<{ timeframe: string; count: number }>(
      `select timeframe, count(*) as count from aggregator.pub_candles
       where venue = $1 and instrument = any($2::text[]) group by timeframe`,
      [venue, instruments],
    );
    return Object.fromEntries(rows.map((row) => [row.timeframe, row.count]));
  }

  /** Enriched candles on record with at least one indicator, of all timeframes. */
  async indicatorCount(venue: string, instruments: readonly string[]): Promise<number> {
    const { rows } = await this.#pool.query<{ count: number }>(
      // on-balance volume has no warm-up: it is there wherever another indicator is
      `select count(*) as count from indicator.pub_enriched_candles
       where venue = $1 and instrument = any($2::text[]) and obv is not null`,
      [venue, instruments],
    );
    return rows[0]?.count ?? 0;
  }

  /** Patterns and signals that hold, of all timeframes. */
  async patternCounts(venue: string, instruments: readonly string[]): Promise<{ patterns: number; signals: number }> {
    const held = "where venue = $1 and instrument = any($2::text[]) and state <> 'withdrawn'";
    const { rows } = await this.#pool.query<{ patterns: number; signals: number }>(
      `select (select count(*) from pattern_detector.pub_patterns ${held}) as patterns,
         (select count(*) from pattern_detector.pub_signals ${held}) as signals`,
      [venue, instruments],
    );
    return rows[0] ?? { patterns: 0, signals: 0 };
  }

  async #derivedLanes(reader: string, writer: string, stream: string): Promise<DerivedLaneRow[]> {
    const { rows } = await this.#pool.query<LanePositionRow & { writtenCreated: string | null; writtenSeq: number | null }>(
      `select reader.lane, reader.owner, reader.expires > now() as held, reader.stream_created as "streamCreated", reader.seq,
         writer.outputs -> $1 ->> 'created' as "writtenCreated", (writer.outputs -> $1 ->> 'seq')::int8 as "writtenSeq"
       from ${reader}.pub_lanes as reader join ${writer}.pub_lanes as writer using (lane) order by lane`,
      [stream],
    );
    return rows.map(({ writtenCreated, writtenSeq, ...lane }) => ({
      ...lane,
      written: { streamCreated: writtenCreated, seq: writtenSeq ?? 0 },
    }));
  }
}

function millisecondsOf(timeUs: number | null): number | null {
  return timeUs === null ? null : Math.floor(timeUs / 1000);
}
