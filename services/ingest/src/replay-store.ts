import type { replayJobSchema } from "@tickfleet/contracts/control-messages";
import type { Pool } from "@tickfleet/database/pool";
import { formatTimestamptz } from "@tickfleet/database/timestamp";
import { toStorable } from "@tickfleet/market/printable";
import type { z } from "zod";
import type { IntakeCounts, IntakeState } from "./intake-state.ts";
import type { QualityEntry } from "./quality-log.ts";
import type { ReplayRequest } from "./replay-jobs.ts";
import type { ScriptResult } from "./script-run.ts";

type ReplayJob = z.infer<typeof replayJobSchema>;

interface ReplayRow {
  id: string;
  request: ReplayRequest;
  state: ReplayJob["state"];
  trades: number;
  recorded: number;
  quarantined: number;
  ignored: number;
  outside_session: number;
  first_time: number | null;
  last_time: number | null;
  last_seq: number | null;
  stream_created: string | null;
  error: string | null;
  venue: string | null;
  instruments: string[];
}

const PROGRESS = `position = $2, trades = $3, quarantined = $4, ignored = $5, first_time = $6, last_time = $7, outside_session = $8, updated = now()`;
/** Longest raw input that is kept. */
const LONGEST_RAW = 65_536;

/** Jobs, the states in which they left their connections, and what was quarantined. */
export class ReplayStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** False where the job is there already. */
  async insertReplay(request: ReplayRequest): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      "insert into ingest.replays (id, request, state) values ($1, $2, 'running') on conflict (id) do nothing",
      [request.id, JSON.stringify(request)],
    );
    return rowCount === 1;
  }

  /** Jobs that are not done, oldest first. */
  async runningReplays(): Promise<ReplayRequest[]> {
    const { rows } = await this.#pool.query<{ request: ReplayRequest }>(
      "select request from ingest.replays where state = 'running' order by created, id",
    );
    return rows.map((row) => row.request);
  }

  /** Notes what the files of a job hold, as soon as it is known. */
  async describeReplay(id: string, venue: string, instruments: readonly string[]): Promise<void> {
    await this.#pool.query("update ingest.replays set venue = $2, instruments = $3, updated = now() where id = $1 and state = 'running'", [
      id,
      venue,
      instruments,
    ]);
  }

  async updateProgress(id: string, position: number, counts: Readonly<IntakeCounts>): Promise<void> {
    await this.#pool.query(`update ingest.replays set ${PROGRESS} where id = $1 and state = 'running'`, progressOf(id, position, counts));
  }

  /** Ends a job and keeps the state of its connection for the next one, in one step. */
  async finishReplay(id: string, venue: string, connection: string, result: ScriptResult, seq: number, created: string): Promise<void> {
    const state = result.fault === null ? "done" : "failed";
    await this.#pool.query(
      `with ended as (
         update ingest.replays set ${PROGRESS}, state = $9, error = $10, last_n = $11, last_seq = $12, stream_created = $13,
           venue = $14, instruments = $17 where id = $1)
       insert into ingest.connections (venue, connection, state) values ($14, $15, $16)
       on conflict (venue, connection) do update set state = excluded.state, updated = now()`,
      [
        ...progressOf(id, 0, result.state.counts),
        state,
        result.fault === null ? null : toStorable(result.fault),
        result.lastN,
        seq,
        created,
        venue,
        connection,
        JSON.stringify(result.state),
        result.state.instruments.map(({ instrument }) => instrument.instrument),
      ],
    );
  }

  async failReplay(id: string, error: string): Promise<void> {
    await this.#pool.query("update ingest.replays set state = 'failed', error = $2, updated = now() where id = $1", [
      id,
      toStorable(error),
    ]);
  }

  async connectionState(venue: string, connection: string): Promise<IntakeState | null> {
    const { rows } = await this.#pool.query<{ state: IntakeState }>(
      "select state from ingest.connections where venue = $1 and connection = $2",
      [venue, connection],
    );
    return rows[0]?.state ?? null;
  }

  /** @param id null: all jobs, newest first */
  async listReplays(id: string | null): Promise<ReplayJob[]> {
    const { rows } = await this.#pool.query<ReplayRow>(
      `select id, request, state, trades, recorded, quarantined, ignored, outside_session, first_time, last_time, last_seq, stream_created, error,
         venue, instruments
       from ingest.replays where $1::text is null or id = $1 order by created desc limit 100`,
      [id],
    );
    return rows.map(({ request, first_time, last_time, last_seq, stream_created, outside_session, ...row }) => ({
      ...row,
      files: request.files,
      outsideSession: outside_session,
      firstTime: first_time === null ? null : Math.floor(first_time / 1000),
      lastTime: last_time === null ? null : Math.floor(last_time / 1000),
      lastSeq: last_seq,
      streamCreated: stream_created,
    }));
  }

  async insertQualityEvents(entries: readonly QualityEntry[]): Promise<void> {
    await this.#pool.query(
      `insert into ingest.quality_events (key, time, venue, instrument, reason, raw, source)
       select * from unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
       on conflict (key) do nothing`,
      [
        entries.map((entry) => (entry.key === null ? null : toStorable(entry.key))),
        entries.map((entry) => (entry.timeUs > 0 ? formatTimestamptz(entry.timeUs) : null)),
        entries.map((entry) => toStorable(entry.venue)),
        entries.map((entry) => (entry.instrument === null ? null : toStorable(entry.instrument))),
        entries.map((entry) => toStorable(entry.reason)),
        entries.map((entry) => entry.raw.slice(0, LONGEST_RAW).replaceAll("\0", "\\0")),
        entries.map((entry) => toStorable(entry.source)),
      ],
    );
  }
}

function progressOf(id: string, position: number, counts: Readonly<IntakeCounts>): unknown[] {
  const { trades, quarantined, ignored, firstTimeUs, lastTimeUs, outsideSession } = counts;
  return [id, position, trades, quarantined, ignored, timeOf(firstTimeUs), timeOf(lastTimeUs), outsideSession];
}

function timeOf(us: number | null): string | null {
  return us === null ? null : formatTimestamptz(us);
}
