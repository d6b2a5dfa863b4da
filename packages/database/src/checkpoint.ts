import type { Pool, Queryable } from "./pool.ts";

/** The last message of a lane in a stream that it writes. */
export interface OutputPosition {
  /** Incarnation of the stream. */
  created: string;
  /** 0: nothing of this lane is in it. */
  seq: number;
  id: string;
  /** What the stream holds after it may come again, and is told by its ids: the input log lost its tail, or was made anew. */
  byIds?: boolean;
}

/** Where a lane stands: what it has read, and what it has written. */
export interface LanePosition {
  /** Incarnation of the input stream; null where the lane never ran, or is being rebuilt. */
  streamCreated: string | null;
  /** Last input message that is in the state. */
  seq: number;
  inputId: string;
  /** By name of the stream; one that was never written is absent. */
  outputs: Readonly<Record<string, OutputPosition>>;
}

/** The position of a lane that has read and written nothing. */
export const NOWHERE: LanePosition = { streamCreated: null, seq: 0, inputId: "", outputs: {} };
/** Begins the name that stands for the stream of a lane that is being built again: no stream has it. */
export const REBUILD_OF = "rebuild of ";
/** The position of a lane that was emptied to be built again: a process that dies before it is must not take it for one that never was. */
export const EMPTIED: LanePosition = { ...NOWHERE, streamCreated: `${REBUILD_OF}an emptied lane` };

export interface OwnedLane extends LanePosition {
  lane: number;
  epoch: number;
}

/** A lane's new position, to be written with its rows. */
export interface LaneUpdate extends OwnedLane {
  /** Keep the position that this one replaces, with its state, to step back to. */
  keep: boolean;
  /** Sequence of this process's last commit: a table that stands elsewhere is another one, such as a restored backup. */
  committedSeq?: number;
}

/** A message in a lane's input stream. */
export interface LanePlace {
  lane: number;
  streamCreated: string;
  seq: number;
}

/** Checkpoints kept per lane besides the present one. */
const KEPT_CHECKPOINTS = 3;

const POSITION_COLUMNS = `stream_created as "streamCreated", seq, input_id as "inputId", outputs`;

/** Leases and checkpoints of one service's lanes, for one process. */
export class LaneStore {
  readonly #pool: Pool;
  readonly #schema: string;
  readonly owner: string;
  readonly ttlMs: number;

  constructor(pool: Pool, schema: string, owner: string, ttlMs: number) {
    this.#pool = pool;
    this.#schema = schema;
    this.owner = owner;
    this.ttlMs = ttlMs;
  }

  /** Says that this process is alive; returns how many are. */
  async join(): Promise<number> {
    const { rows } = await this.#pool.query<{ count: number }>(
      `with gone as (delete from ${this.#schema}.members where expires < now() - interval '1 hour'),
       joined as (insert into ${this.#schema}.members values ($1, now() + $2 * interval '1 ms')
         on conflict (owner) do update set expires = excluded.expires)
       select count(*) + 1 as count from ${this.#schema}.members where expires > now() and owner <> $1`,
      [this.owner, this.ttlMs],
    );
    return rows[0]?.count ?? 1;
  }

  /** How many other processes are alive; for one that does not count itself. */
  async others(): Promise<number> {
    const { rows } = await this.#pool.query<{ count: number }>(
      `select count(*) as count from ${this.#schema}.members where expires > now() and owner <> $1`,
      [this.owner],
    );
    return rows[0]?.count ?? 0;
  }

  /** Takes up to `most` lanes that nobody holds, but none of `except`. */
  async acquire(most: number, except: readonly number[] = []): Promise<OwnedLane[]> {
    const { rows } = await this.#pool.query<OwnedLane>(
      `update ${this.#schema}.lanes set owner = $1, epoch = epoch + 1, expires = now() + $2 * interval '1 ms'
       where lane in (select lane from ${this.#schema}.lanes where expires < now() and lane <> all($4::int[])
         order by lane limit $3 for update skip locked)
       returning lane, epoch, ${POSITION_COLUMNS}`,
      [this.owner, this.ttlMs, most, except],
    );
    return rows.sort((a, b) => a.lane - b.lane);
  }

  /** Prolongs the leases; returns the lanes that are still held. */
  async renew(lanes: readonly Pick<OwnedLane, "lane" | "epoch">[]): Promise<number[]> {
    const { rows } = await this.#pool.query<{ lane: number }>(
      `update ${this.#schema}.lanes as held set expires = now() + $2 * interval '1 ms'
       from unnest($3::int[], $4::bigint[]) as mine(lane, epoch)
       where held.lane = mine.lane and held.epoch = mine.epoch and held.owner = $1 returning held.lane`,
      [this.owner, this.ttlMs, lanes.map((lane) => lane.lane), lanes.map((lane) => lane.epoch)],
    );
    return rows.map((row) => row.lane);
  }

  async release(lanes: readonly Pick<OwnedLane, "lane" | "epoch">[]): Promise<void> {
    await this.#pool.query(
      `update ${this.#schema}.lanes as held set owner = null, expires = '-infinity'
       from unnest($2::int[], $3::bigint[]) as mine(lane, epoch)
       where held.lane = mine.lane and held.epoch = mine.epoch and held.owner = $1`,
      [this.owner, lanes.map((lane) => lane.lane), lanes.map((lane) => lane.epoch)],
    );
  }

  /** Of these places the ones that their lanes have not gone beyond, and whether somebody holds the lane. */
  async behind(places: readonly LanePlace[]): Promise<{ lane: number; held: boolean }[]> {
    const { rows } = await this.#pool.query<{ lane: number; held: boolean }>(
      `select lane, expires > now() as held from ${this.#schema}.lanes
       join unnest($1::int[], $2::text[], $3::bigint[]) as place(lane, stream_created, seq) using (lane, stream_created)
       where lanes.seq < place.seq order by lane`,
      [places.map(({ lane }) => lane), places.map(({ streamCreated }) => streamCreated), places.map(({ seq }) => seq)],
    );
    return rows;
  }

  async leave(): Promise<void> {
    await this.#pool.query(`delete from ${this.#schema}.members where owner = $1`, [this.owner]);
  }

  /** Older checkpoints of a lane, newest first. */
  async kept(lane: number): Promise<LanePosition[]> {
    const { rows } = await this.#pool.query<LanePosition>(
      `select ${POSITION_COLUMNS} from ${this.#schema}.kept_lanes where lane = $1 order by kept_at desc, seq desc`,
      [lane],
    );
    return rows;
  }

  /** Sets a lane's position outside a commit, after its rows were rolled back or wiped; drops the newer kept ones. */
  async reset(database: Queryable, lane: Pick<OwnedLane, "lane" | "epoch">, to: LanePosition): Promise<boolean> {
    const { rowCount } = await database.query(
      `with moved as (update ${this.#schema}.lanes set stream_created = $4, seq = $5, input_id = $6, outputs = $7
         where lane = $1 and epoch = $2 and owner = $3 returning lane),
       dropped as (delete from ${this.#schema}.kept_lanes where lane = $1 and (stream_created is distinct from $4 or seq >= $5) and exists (select from moved))
       select lane from moved`,
      [lane.lane, lane.epoch, this.owner, to.streamCreated, to.seq, to.inputId, JSON.stringify(to.outputs)],
    );
    return rowCount === 1;
  }

  /** Counts a throw at a message; returns how often it has thrown. */
  async recordFault(lane: number, streamCreated: string, seq: number, error: string): Promise<number> {
    const { rows } = await this.#pool.query<{ count: number }>(
      `insert into ${this.#schema}.faults as known (lane, stream_created, seq, count, error) values ($1, $2, $3, 1, $4)
       on conflict (lane, stream_created, seq) do update set count = known.count + 1, error = excluded.error, updated = now() returning count`,
      [lane, streamCreated, seq, error],
    );
    return rows[0]?.count ?? 1;
  }

  /** Messages that threw at least `times` times, with the last error. */
  async faults(lane: number, streamCreated: string, times: number): Promise<Map<number, string>> {
    const { rows } = await this.#pool.query<{ seq: number; error: string }>(
      `select seq, error from ${this.#schema}.faults where lane = $1 and stream_created = $2 and count >= $3`,
      [lane, streamCreated, times],
    );
    return new Map(rows.map((row) => [row.seq, row.error]));
  }

  /** Drops all but the newest kept checkpoints; returns per lane the oldest sequence that may still be stepped back to. */
  async pruneKept(): Promise<Map<number, number>> {
    await this.#pool.query(
      `delete from ${this.#schema}.kept_lanes where (lane, seq) in (
         select lane, seq from (select lane, seq, row_number() over (partition by lane order by kept_at desc, seq desc) as age from ${this.#schema}.kept_lanes) as aged
         where age > ${KEPT_CHECKPOINTS})`,
    );
    const { rows } = await this.#pool.query<{ lane: number; seq: number }>(
      `select lane, min(seq) as seq from ${this.#schema}.kept_lanes group by lane`,
    );
    return new Map(rows.map((row) => [row.lane, row.seq]));
  }
}

/**
 * Head of the one statement of a commit: common table expressions `lane_input`, `lane_ok` (one row,
 * `ok`: every lane is still held at its epoch, and stands where this process left it), `lane_moved` and `lane_kept`. Everything else in the
 * statement must be conditional on `(select ok from lane_ok)`. Takes the first LANE_PARAMETERS parameters.
 */
export function laneCommitSql(schema: string, ttlMs: number): string {
  return `with lane_input as (
    select * from unnest($2::int[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::jsonb[], $8::bool[], $9::bigint[])
      as input(lane, epoch, stream_created, seq, input_id, outputs, keep, committed)
  ), lane_locked as (
    select held.lane from ${schema}.lanes as held join lane_input using (lane, epoch)
    where held.owner = $1 and held.seq = coalesce(lane_input.committed, held.seq) for update of held
  ), lane_ok as (
    select (select count(*) from lane_locked) = (select count(*) from lane_input) as ok
  ), lane_kept as (
    insert into ${schema}.kept_lanes (lane, stream_created, seq, input_id, outputs)
    select held.lane, held.stream_created, held.seq, held.input_id, held.outputs
    from ${schema}.lanes as held join lane_input using (lane)
    where lane_input.keep and held.stream_created is not null and (select ok from lane_ok) on conflict do nothing returning lane, seq
  ), lane_moved as (
    update ${schema}.lanes as held set stream_created = input.stream_created, seq = input.seq, input_id = input.input_id,
      outputs = input.outputs, expires = now() + ${ttlMs} * interval '1 ms'
    from lane_input as input where held.lane = input.lane and (select ok from lane_ok) returning held.lane
  )`;
}

/** How many parameters `laneCommitSql` takes. */
export const LANE_PARAMETERS = 9;

/** The parameters of `laneCommitSql`. */
export function laneCommitParameters(owner: string, updates: readonly LaneUpdate[]): unknown[] {
  return [
    owner,
    updates.map((update) => update.lane),
    updates.map((update) => update.epoch),
    updates.map((update) => update.streamCreated),
    updates.map((update) => update.seq),
    updates.map((update) => update.inputId),
    updates.map((update) => JSON.stringify(update.outputs)),
    updates.map((update) => update.keep),
    updates.map((update) => update.committedSeq ?? null),
  ];
}
