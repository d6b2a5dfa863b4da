import type { PoolClient } from "@tickfleet/database/pool";
import { IntervalSet } from "@tickfleet/market/interval-set";
import { type TradeRows, withoutTrades } from "./recorder-rows.ts";

/** Bounds kept per instrument and epoch: where ids have many holes, the oldest ones are forgotten, and no longer checked. */
const MOST_BOUNDS = 4_000;
const KEPT_BOUNDS = 2_000;
/** Id spaces in memory; beyond it they are read again. */
const MOST_SETS = 20_000;
const REASON = "its identity is that of a trade at another time";
const TIME = "timestamptz 'epoch' + us * interval '1 microsecond'";
const INPUT = "unnest($1::int4[], $2::text[], $3::int8[], $4::int8[]) as input(instrument_id, epoch, seq, us)";

/** One id space: an instrument's ids of one epoch. */
interface IdSpace {
  instrumentId: number;
  epoch: string;
  seen: IntervalSet;
  grew: boolean;
}

/**
 * Which ids are on record, by instrument and epoch. The table's key holds the time beside the identity (a hypertable
 * must), so it lets one identity in at two times, of which candles count the first: here the second is kept out.
 */
export class TradeIds {
  #spaces = new Map<string, IdSpace>();

  /** Forgets what is in memory, where a transaction came to nothing. */
  forget(): void {
    this.#spaces = new Map();
  }

  /** The rows without those whose identity is on record: what stands there at another time becomes a quality event. */
  async admit(client: PoolClient, rows: TradeRows, ids: ReadonlyMap<string, number>, generation: number): Promise<TradeRows> {
    const spaces = await this.#spacesOf(client, rows, ids);
    const repeated: number[] = [];
    for (let i = 0; i < rows.count; i++) {
      const space = spaces[i] as IdSpace;
      if (space.seen.add(rows.sourceSeq[i] as number)) space.grew = true;
      else repeated.push(i);
    }
    await this.#keep(client);
    if (repeated.length === 0) return rows;
    const { same, other } = await judge(client, rows, spaces, repeated);
    if (other.length > 0) await insertClashes(client, rows, other, generation);
    return withoutTrades(rows, new Set([...same, ...other]));
  }

  /** The id space of every row. */
  async #spacesOf(client: PoolClient, rows: TradeRows, ids: ReadonlyMap<string, number>): Promise<IdSpace[]> {
    if (this.#spaces.size > MOST_SETS) this.forget();
    const spaces: IdSpace[] = new Array(rows.count);
    const missing: IdSpace[] = [];
    for (let i = 0; i < rows.count; i++) {
      const [instrument, epoch] = [rows.instrument[i] as string, rows.epoch[i] as string];
      if (i > 0 && instrument === rows.instrument[i - 1] && epoch === rows.epoch[i - 1]) {
        spaces[i] = spaces[i - 1] as IdSpace;
        continue;
      }
      const key = `${instrument}\n${epoch}`;
      let space = this.#spaces.get(key);
      if (space === undefined) {
        space = { instrumentId: ids.get(instrument) as number, epoch, seen: new IntervalSet(), grew: false };
        this.#spaces.set(key, space);
        missing.push(space);
      }
      spaces[i] = space;
    }
    if (missing.length > 0) await load(client, missing);
    return spaces;
  }

  async #keep(client: PoolClient): Promise<void> {
    const grown = [...this.#spaces.values()].filter((space) => space.grew);
    if (grown.length === 0) return;
    const ranges = grown.map((space) => {
      space.grew = false;
      const bounds = space.seen.toBounds();
      if (bounds.length <= MOST_BOUNDS) return `{${bounds.join(",")}}`;
      const kept = bounds.slice(-KEPT_BOUNDS);
      space.seen = new IntervalSet(kept);
      return `{${kept.join(",")}}`;
    });
    await client.query({
      name: "keep-trade-ids",
      text: `insert into ingest.trade_ids as known (instrument_id, epoch, ranges)
        select id, epoch, ranges::int8[] from unnest($1::int4[], $2::text[], $3::text[]) as input(id, epoch, ranges)
        on conflict (instrument_id, epoch) do update set ranges = excluded.ranges`,
      values: [grown.map((space) => space.instrumentId), grown.map((space) => space.epoch), ranges],
    });
  }
}

async function load(client: PoolClient, spaces: readonly IdSpace[]): Promise<void> {
  const { rows } = await client.query<{ place: number; ranges: number[] }>(
    `select place::int4, ranges from unnest($1::int4[], $2::text[]) with ordinality as input(id, epoch, place)
     join ingest.trade_ids as known on (known.instrument_id, known.epoch) = (input.id, input.epoch)`,
    [spaces.map((space) => space.instrumentId), spaces.map((space) => space.epoch)],
  );
  for (const { place, ranges } of rows) (spaces[place - 1] as IdSpace).seen = new IntervalSet(ranges.map(Number));
}

/** Of rows whose ids are known, those that are on record as they are, and those whose identity another time has. */
async function judge(
  client: PoolClient,
  rows: TradeRows,
  spaces: readonly IdSpace[],
  repeated: readonly number[],
): Promise<{ same: number[]; other: number[] }> {
  const same: number[] = [];
  const other: number[] = [];
  const asked: number[] = [];
  const firsts = firstsAmong(rows, repeated);
  for (const i of repeated) {
    const first = firsts.get(identityOf(rows, i));
    if (first === undefined) asked.push(i);
    else if (rows.eventTimeUs[i] === rows.eventTimeUs[first]) same.push(i);
    else other.push(i);
  }
  const onRecord = await placesOf(client, rows, spaces, asked, `known.event_time = ${TIME} and`);
  for (const [at, i] of asked.entries()) if (onRecord.has(at)) same.push(i);
  const unknown = asked.filter((_, at) => !onRecord.has(at));
  // What was dropped with its age is on record no more, though its id is known: it may come again.
  const elsewhere = await placesOf(client, rows, spaces, unknown, "");
  for (const [at, i] of unknown.entries()) if (elsewhere.has(at)) other.push(i);
  return { same, other };
}

/** The first row of each repeated identity among these rows themselves. */
function firstsAmong(rows: TradeRows, repeated: readonly number[]): Map<string, number> {
  const later = new Set(repeated);
  const wanted = new Set(repeated.map((i) => identityOf(rows, i)));
  const firsts = new Map<string, number>();
  for (let i = 0; i < rows.count; i++) {
    if (later.has(i)) continue;
    const identity = identityOf(rows, i);
    if (wanted.has(identity)) firsts.set(identity, i);
  }
  return firsts;
}

function identityOf(rows: TradeRows, i: number): string {
  return `${rows.instrument[i]}\n${rows.epoch[i]}\n${rows.sourceSeq[i]}`;
}

/** Which of the rows have their identity on record, under a further condition; places in `asked`, from 0. */
async function placesOf(
  client: PoolClient,
  rows: TradeRows,
  spaces: readonly IdSpace[],
  asked: readonly number[],
  condition: string,
): Promise<Set<number>> {
  if (asked.length === 0) return new Set();
  const numbered = INPUT.replace(" as input(", " with ordinality as input(").replace("us)", "us, place)");
  const { rows: found } = await client.query<{ place: number }>(
    `select distinct place::int4 from ${numbered} join ingest.trades as known
       on ${condition} known.instrument_id = input.instrument_id and known.epoch = input.epoch and known.source_seq = input.seq`,
    [
      asked.map((i) => (spaces[i] as IdSpace).instrumentId),
      asked.map((i) => rows.epoch[i]),
      asked.map((i) => rows.sourceSeq[i]),
      asked.map((i) => rows.eventTimeUs[i]),
    ],
  );
  return new Set(found.map(({ place }) => place - 1));
}

async function insertClashes(client: PoolClient, rows: TradeRows, clashes: readonly number[], generation: number): Promise<void> {
  const names = clashes.map((i) => (rows.instrument[i] as string).split("\n") as [string, string]);
  const raw = clashes.map((i) => {
    const { eventTimeUs, epoch, sourceSeq, tradeId, price, priceScale, size, sizeScale, side } = rows;
    return JSON.stringify({
      epoch: epoch[i],
      sourceSeq: sourceSeq[i],
      tradeId: tradeId[i],
      eventTimeUs: eventTimeUs[i],
      price: { value: price[i], scale: priceScale[i] },
      size: { value: size[i], scale: sizeScale[i] },
      side: side[i],
    });
  });
  await client.query(
    `insert into ingest.quality_events (key, time, venue, instrument, reason, raw, source)
     select key, ${TIME}, venue, instrument, $6, raw, 'recorder'
     from unnest($1::text[], $2::int8[], $3::text[], $4::text[], $5::text[]) as input(key, us, venue, instrument, raw)
     on conflict (key) do nothing`,
    [
      clashes.map((i) => `identity:${generation}:${rows.inputSeq[i]}:${rows.epoch[i]}:${rows.sourceSeq[i]}:${rows.eventTimeUs[i]}`),
      clashes.map((i) => rows.eventTimeUs[i]),
      names.map(([venue]) => venue),
      names.map(([, instrument]) => instrument),
      raw,
      REASON,
    ],
  );
}
