import { type LanePosition, type LaneStore, type LaneUpdate, laneCommitParameters, laneCommitSql } from "@tickfleet/database/checkpoint";
import { errorCode, type Pool, type PoolClient } from "@tickfleet/database/pool";
import { inTransaction } from "@tickfleet/database/transaction";
import { instrumentKey, type RecorderRows } from "./recorder-rows.ts";
import { TradeIds } from "./trade-ids-store.ts";
import { copyTrades, insertTrades } from "./trade-rows-store.ts";

const SCHEMA = "ingest";
/** How often it is looked what retention dropped. */
const NOTE_DROPPED_EVERY_MS = 300_000;
const UNIQUE_VIOLATION = "23505";

interface InstrumentId {
  id: number;
  venue: string;
  instrument: string;
}

/** Every SQL statement of the recorder. */
export class RecorderStore {
  readonly #pool: Pool;
  readonly #lanes: LaneStore;
  readonly #moveLane: string;
  readonly #tradeIds = new TradeIds();
  #generation: { created: string; generation: number } | null = null;
  #droppedNotedAt = Number.NEGATIVE_INFINITY;

  constructor(pool: Pool, lanes: LaneStore, leaseMs: number) {
    this.#pool = pool;
    this.#lanes = lanes;
    this.#moveLane = `${laneCommitSql(SCHEMA, leaseMs)} select ok from lane_ok`;
  }

  /** Writes rows and checkpoint in one transaction; the number of trades that were new, null where the lane is not held. */
  commit(updates: readonly LaneUpdate[], rows: RecorderRows): Promise<number | null> {
    return this.#inTransaction(async (client) => {
      const { rows: answer } = await client.query<{ ok: boolean }>({
        name: "move-recorder",
        text: this.#moveLane,
        values: laneCommitParameters(this.#lanes.owner, updates),
      });
      if (answer[0]?.ok !== true) return null;
      const generation = await this.#generationOf(client, updates[0]?.streamCreated ?? "");
      await this.#noteDropped(client);
      await upsertInstruments(client, rows);
      const fresh = rows.trades.count === 0 ? 0 : await this.#writeTrades(client, rows, generation);
      if (rows.events.length > 0) await insertEvents(client, rows, generation);
      if (rows.gaps.length > 0) await upsertGaps(client, rows);
      return fresh;
    });
  }

  /** Takes the checkpoint back, and drops messages after it, which the stream no longer holds. */
  async rollBack(lane: number, epoch: number, to: LanePosition): Promise<boolean> {
    const done = await this.#inTransaction(async (client) => {
      if (!(await this.#lanes.reset(client, { lane, epoch }, to))) return null;
      await client.query(
        `delete from ingest.market_events where input_seq > $2
         and input_generation = (select generation from ingest.input_logs where stream_created = $1)`,
        [to.streamCreated, to.seq],
      );
      return true;
    });
    return done === true;
  }

  /** Drops checkpoints that are too old to step back to. */
  async prune(): Promise<void> {
    await this.#lanes.pruneKept();
  }

  /** Remembers from when on the record is whole: trades that are recorded again later do not make it look so. */
  async #noteDropped(client: PoolClient): Promise<void> {
    if (performance.now() - this.#droppedNotedAt < NOTE_DROPPED_EVERY_MS) return;
    this.#droppedNotedAt = performance.now();
    await client.query(
      `update ingest.instruments as known set dropped_before = record.whole_from from ingest.pub_trade_record as record
       where (known.venue, known.instrument) = (record.venue, record.instrument) and record.whole_from is not null
         and (known.dropped_before is null or known.dropped_before < record.whole_from)`,
    );
  }

  async #writeTrades(client: PoolClient, rows: RecorderRows, generation: number): Promise<number> {
    const ids = await touchInstruments(client, rows);
    const trades = await this.#tradeIds.admit(client, rows.trades, ids, generation);
    if (trades.count === 0) return 0;
    let recorded: Map<number, number>;
    try {
      await client.query("savepoint trades");
      await copyTrades(client, trades, ids, generation);
      recorded = countBySeq(trades.inputSeq.subarray(0, trades.count));
    } catch (error) {
      if (errorCode(error) !== UNIQUE_VIOLATION) throw error;
      await client.query("rollback to savepoint trades");
      recorded = await insertTrades(client, trades, ids, generation);
    }
    let fresh = 0;
    for (const count of recorded.values()) fresh += count;
    if (rows.replays.size > 0) await countReplays(client, rows.replays, recorded);
    return fresh;
  }

  /** Number of this incarnation of MARKET, growing with each. */
  async #generationOf(client: PoolClient, created: string): Promise<number> {
    if (this.#generation?.created === created) return this.#generation.generation;
    await client.query(
      "insert into ingest.input_logs (stream_created) select $1 where not exists (select from ingest.input_logs where stream_created = $1)",
      [created],
    );
    const { rows } = await client.query<{ generation: number }>("select generation from ingest.input_logs where stream_created = $1", [
      created,
    ]);
    this.#generation = { created, generation: (rows[0] as { generation: number }).generation };
    return this.#generation.generation;
  }

  /** One transaction; what was remembered of the tables holds no more where it did not end well. */
  async #inTransaction<T>(act: (client: PoolClient) => Promise<T | null>): Promise<T | null> {
    try {
      const result = await inTransaction(this.#pool, act);
      if (result === null) this.#tradeIds.forget();
      return result;
    } catch (error) {
      this.#generation = null;
      this.#tradeIds.forget();
      throw error;
    }
  }
}

/** Who holds a lease, or held it last. */
export async function findLease(pool: Pool, name: string): Promise<{ owner: string; epoch: number } | null> {
  const { rows } = await pool.query<{ owner: string; epoch: number }>("select owner, epoch from ingest.leases where name = $1", [name]);
  return rows[0] ?? null;
}

/** Keeps what status messages say of instruments; scales only grow. */
async function upsertInstruments(client: PoolClient, rows: RecorderRows): Promise<void> {
  const listed = new Map(
    rows.statuses.flatMap((status) => status.instruments.map((each) => [instrumentKey(each.venue, each.instrument), each])),
  );
  if (listed.size === 0) return;
  const instruments = [...listed.values()];
  const values = [
    instruments.map((each) => each.venue),
    instruments.map((each) => each.instrument),
    instruments.map((each) => each.venueSymbol),
    instruments.map((each) => each.calendar),
    instruments.map((each) => each.kind),
    instruments.map((each) => each.contractSize),
    instruments.map((each) => each.priceScale),
    instruments.map((each) => each.sizeScale),
    instruments.map((each) => each.closeDelayMs),
  ];
  const input = `unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::int2[], $8::int2[], $9::int4[])
    as input(venue, instrument, venue_symbol, calendar, kind, contract_size, price_scale, size_scale, close_delay_ms)`;
  await client.query(
    `with updated as (
       update ingest.instruments as known set venue_symbol = input.venue_symbol, calendar = input.calendar, kind = input.kind,
         contract_size = input.contract_size, close_delay_ms = input.close_delay_ms,
         price_scale = greatest(known.price_scale, input.price_scale), size_scale = greatest(known.size_scale, input.size_scale)
       from ${input} where (known.venue, known.instrument) = (input.venue, input.instrument) returning known.venue, known.instrument)
     insert into ingest.instruments (venue, instrument, venue_symbol, calendar, kind, contract_size, price_scale, size_scale, close_delay_ms)
     select * from ${input} where (input.venue, input.instrument) not in (select venue, instrument from updated)`,
    values,
  );
}

/**
 * Ids of the instruments of these trades by key, with their times and scales brought up; one never listed is made. Before
 * trades come that are older than a day, it is noted what was dropped: they might hide it.
 */
async function touchInstruments(client: PoolClient, rows: RecorderRows): Promise<Map<string, number>> {
  const noted = [...rows.instruments.values()];
  const time = (name: string): string => `timestamptz 'epoch' + input.${name} * interval '1 microsecond'`;
  const { rows: ids } = await client.query<InstrumentId>({
    name: "touch-instruments",
    text: `with input as (
        select * from unnest($1::text[], $2::text[], $3::int2[], $4::int2[], $5::int8[], $6::int8[])
          as input(venue, instrument, price_scale, size_scale, first_us, last_us)
      ), updated as (
        update ingest.instruments as known set price_scale = greatest(known.price_scale, input.price_scale),
          size_scale = greatest(known.size_scale, input.size_scale),
          dropped_before = case when ${time("first_us")} < known.last_trade_time - interval '1 day' then (
            select record.whole_from from ingest.pub_trade_record as record where (record.venue, record.instrument) = (known.venue, known.instrument)
          ) else known.dropped_before end,
          first_trade_time = least(known.first_trade_time, ${time("first_us")}), last_trade_time = greatest(known.last_trade_time, ${time("last_us")})
        from input where (known.venue, known.instrument) = (input.venue, input.instrument) returning known.id, known.venue, known.instrument
      ), made as (
        insert into ingest.instruments (venue, instrument, venue_symbol, calendar, kind, contract_size, price_scale, size_scale, close_delay_ms,
          first_trade_time, last_trade_time)
        select venue, instrument, instrument, 'crypto', 'spot', 1, price_scale, size_scale, 250, ${time("first_us")}, ${time("last_us")}
        from input where (venue, instrument) not in (select venue, instrument from updated) returning id, venue, instrument
      ) select id, venue, instrument from updated union all select id, venue, instrument from made`,
    values: [
      noted.map((each) => each.venue),
      noted.map((each) => each.instrument),
      noted.map((each) => each.priceScale),
      noted.map((each) => each.sizeScale),
      noted.map((each) => each.firstUs),
      noted.map((each) => each.lastUs),
    ],
  });
  return new Map(ids.map((row) => [instrumentKey(row.venue, row.instrument), row.id]));
}

async function insertEvents(client: PoolClient, rows: RecorderRows, generation: number): Promise<void> {
  const { events } = rows;
  await client.query({
    name: "insert-events",
    text: `insert into ingest.market_events (input_generation, input_seq, partition, kind, venue, subject_tail, time, payload)
      select $1, seq, partition, kind, venue, tail, timestamptz 'epoch' + us * interval '1 microsecond', payload
      from unnest($2::int8[], $3::int2[], $4::text[], $5::text[], $6::text[], $7::int8[], $8::jsonb[])
        as input(seq, partition, kind, venue, tail, us, payload) on conflict do nothing`,
    values: [
      generation,
      events.map((event) => event.inputSeq),
      events.map((event) => event.partition),
      events.map((event) => event.kind),
      events.map((event) => event.venue),
      events.map((event) => event.subjectTail),
      events.map((event) => event.timeUs),
      events.map((event) => event.payload),
    ],
  });
}

async function upsertGaps(client: PoolClient, rows: RecorderRows): Promise<void> {
  const last = [...new Map(rows.gaps.map((gap) => [gap.id, gap])).values()];
  await client.query(
    `insert into ingest.gaps (id, venue, instrument, from_time, to_time, state, missing, filled, reason)
     select id, venue, instrument, timestamptz 'epoch' + from_us * interval '1 microsecond', timestamptz 'epoch' + to_us * interval '1 microsecond',
       state, missing, filled, reason
     from unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::int8[], $6::text[], $7::int8[], $8::int8[], $9::text[])
       as input(id, venue, instrument, from_us, to_us, state, missing, filled, reason)
     on conflict (id) do update set to_time = excluded.to_time, state = excluded.state, missing = excluded.missing,
       filled = excluded.filled, reason = excluded.reason, updated = now()`,
    [
      last.map((gap) => gap.id),
      last.map((gap) => gap.venue),
      last.map((gap) => gap.instrument),
      last.map((gap) => gap.from),
      last.map((gap) => gap.to),
      last.map((gap) => gap.state),
      last.map((gap) => gap.missing),
      last.map((gap) => gap.filled),
      last.map((gap) => gap.reason),
    ],
  );
}

async function countReplays(
  client: PoolClient,
  replays: ReadonlyMap<number, string>,
  recorded: ReadonlyMap<number, number>,
): Promise<void> {
  const counts = new Map<string, number>();
  for (const [seq, replay] of replays) {
    const count = recorded.get(seq) ?? 0;
    if (count > 0) counts.set(replay, (counts.get(replay) ?? 0) + count);
  }
  if (counts.size === 0) return;
  await client.query(
    `update ingest.replays as job set recorded = job.recorded + input.count, updated = now()
     from unnest($1::text[], $2::int8[]) as input(id, count) where job.id = input.id`,
    [[...counts.keys()], [...counts.values()]],
  );
}

function countBySeq(seqs: Float64Array): Map<number, number> {
  const counts = new Map<number, number>();
  for (const seq of seqs) counts.set(seq, (counts.get(seq) ?? 0) + 1);
  return counts;
}
