import { candle } from "@tickfleet/contracts/candle-messages";
import { tradeBatch } from "@tickfleet/contracts/market-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import { partitionOf } from "@tickfleet/contracts/tokens";
import {
  LANE_PARAMETERS,
  type LanePosition,
  LaneStore,
  type LaneUpdate,
  laneCommitParameters,
  laneCommitSql,
  NOWHERE,
} from "@tickfleet/database/checkpoint";
import { openKysely } from "@tickfleet/database/kysely";
import { createLaneTables } from "@tickfleet/database/lane-tables";
import { openPool, type Pool } from "@tickfleet/database/pool";
import pino from "pino";
import { startDatabase } from "../../testkit/src/database.ts";
import { startNats, type TestNats } from "../../testkit/src/nats.ts";
import { type Bus, type OutgoingMessage, openBus } from "../src/bus.ts";
import { consume } from "../src/consume.ts";
import type { ConsumerOptions } from "../src/consumer-options.ts";
import type { EmitOutput, LaneHandler, LaneHistory } from "../src/lane-handler.ts";
import type { InputMessage } from "../src/ordered-reader.ts";
import { provisionStreams } from "../src/provision.ts";

const SCHEMA = "counting";
const LANES = 16;
const DEFAULT_LEASE_MS = 3_000;

/** Broker and database, with lanes of a small service that writes down what it reads. */
export interface LaneSurroundings extends AsyncDisposable {
  nats: TestNats;
  bus: Bus;
  pool: Pool;
}

export async function openLaneSurroundings(): Promise<LaneSurroundings> {
  const nats = await startNats();
  const database = await startDatabase();
  const bus = await openBus({ url: nats.url, name: "test" });
  await provisionStreams(bus);
  const pool = openPool(database.url, { max: 6, name: "test", schema: SCHEMA, role: null });
  await pool.query(`create schema ${SCHEMA}`);
  await createLaneTables(openKysely(pool), SCHEMA, LANES);
  await pool.query(`create table ${SCHEMA}.seen (lane int not null, seq bigint not null, subject text not null)`);
  return {
    nats,
    bus,
    pool,
    async [Symbol.asyncDispose]() {
      await pool.end();
      await bus.close();
      await database.close();
      await nats.close();
    },
  };
}

/** An instrument of the lane, by what its name hashes to. */
function instrumentOf(lane: number): { venue: string; instrument: string } {
  for (let i = 0; ; i++) if (partitionOf("test", `X${i}`) === lane) return { venue: "test", instrument: `X${i}` };
}

/** A trade message that nobody decodes; its outputs have its id and their lane. */
export function numbered(partition: number, number: number): OutgoingMessage {
  return {
    subject: subjectOf(tradeBatch, instrumentOf(partition)),
    headers: { "Nats-Msg-Id": `in-${number}` },
    data: new TextEncoder().encode(String(number)),
  };
}

/** The same message as a later release would send it. */
export function inVersion2(message: OutgoingMessage): OutgoingMessage {
  return { ...message, subject: message.subject.replace(".v1.", ".v2.") };
}

/** Writes down what a lane reads, and puts out one candle per message. */
export class CountingHandler implements LaneHandler {
  readonly #pool: Pool;
  readonly #store: LaneStore;
  #rows: { lane: number; seq: number; subject: string }[] = [];

  constructor(pool: Pool, store: LaneStore) {
    this.#pool = pool;
    this.#store = store;
  }

  async restore(): Promise<void> {}

  async rollBack(lane: number, epoch: number, to: LanePosition): Promise<void> {
    await this.#store.reset(this.#pool, { lane, epoch }, to);
    await this.#pool.query(`delete from ${SCHEMA}.seen where lane = $1 and seq > $2`, [lane, to.seq]);
  }

  wipe(lane: number, epoch: number): Promise<void> {
    return this.rollBack(lane, epoch, NOWHERE);
  }

  async history(_lane: number): Promise<LaneHistory | null> {
    return null;
  }

  forget(lane: number): void {
    this.#rows = this.#rows.filter((row) => row.lane !== lane);
  }

  read(message: InputMessage): unknown {
    return message;
  }

  needsLoad(): boolean {
    return false;
  }

  async load(): Promise<void> {}

  apply(_input: unknown, lane: number, message: InputMessage, emit: EmitOutput): void {
    this.#rows.push({ lane, seq: message.seq, subject: message.subject });
    const id = `out-${lane}-${message.id}`;
    emit({ stream: "CANDLES", subject: subjectOf(candle, { ...instrumentOf(lane), timeframe: "1m" }), id, data: message.data });
  }

  deadLettered(): void {}

  isParked(): boolean {
    return false;
  }

  afterFold(): number {
    return Number.MAX_SAFE_INTEGER;
  }

  hasRows(): boolean {
    return this.#rows.length > 0;
  }

  async commit(updates: readonly LaneUpdate[]): Promise<boolean> {
    const rows = this.#rows;
    this.#rows = [];
    const [lanes, seqs, subjects] = [1, 2, 3].map((n) => `$${LANE_PARAMETERS + n}`);
    const { rows: answer } = await this.#pool.query<{ ok: boolean }>(
      `${laneCommitSql(SCHEMA, this.#store.ttlMs)}, written as (
         insert into ${SCHEMA}.seen select * from unnest(${lanes}::int[], ${seqs}::bigint[], ${subjects}::text[]) where (select ok from lane_ok))
       select ok from lane_ok`,
      [
        ...laneCommitParameters(this.#store.owner, updates),
        rows.map(({ lane }) => lane),
        rows.map(({ seq }) => seq),
        rows.map(({ subject }) => subject),
      ],
    );
    return answer[0]?.ok ?? false;
  }
}

/** A consume loop in this process, and what it said of its readiness. */
export interface CountingReplica {
  store: LaneStore;
  said: { ok: boolean; detail: string }[];
  done: Promise<void>;
  abort(): void;
  stop(): Promise<void>;
}

/** Starts a replica; `change` may make its parts slow or hold them up. */
export function startCounting(
  around: LaneSurroundings,
  { leaseMs = DEFAULT_LEASE_MS, ...options }: Partial<ConsumerOptions> & { leaseMs?: number } = {},
  change: (handler: CountingHandler, store: LaneStore) => void = () => {},
): CountingReplica {
  const store = new LaneStore(around.pool, SCHEMA, `replica-${crypto.randomUUID()}`, leaseMs);
  const handler = new CountingHandler(around.pool, store);
  change(handler, store);
  const said: CountingReplica["said"] = [];
  const abort = new AbortController();
  const done = consume({
    service: "aggregator",
    bus: around.bus,
    logger: pino({ level: "silent" }),
    store,
    handler,
    inputStream: "MARKET",
    outputStreams: ["CANDLES"],
    partitioned: true,
    onReady: (ok, detail) => said.push({ ok, detail }),
    signal: abort.signal,
    commitEveryMs: 50,
    ...options,
  });
  done.catch(() => undefined);
  return {
    store,
    said,
    done,
    abort: () => abort.abort(),
    async stop() {
      abort.abort();
      await done;
    },
  };
}

/** Sequences that a lane has written down, in order. */
export async function seenBy(around: LaneSurroundings, lane: number): Promise<number[]> {
  const { rows } = await around.pool.query<{ seq: number }>(`select seq from ${SCHEMA}.seen where lane = $1 order by seq`, [lane]);
  return rows.map(({ seq }) => seq);
}

/** Lanes whose lease somebody holds now. */
export async function heldLanes(around: LaneSurroundings): Promise<number[]> {
  const { rows } = await around.pool.query<{ lane: number }>(`select lane from ${SCHEMA}.lanes where expires > now() order by lane`);
  return rows.map(({ lane }) => lane);
}

/** A door that callers wait at until it is opened. */
export interface Gate {
  /** Resolves when somebody stands before it. */
  reached: Promise<void>;
  open(): void;
  pass(): Promise<void>;
}

export function createGate(): Gate {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    open: () => opened.resolve(),
    pass: () => {
      reached.resolve();
      return opened.promise;
    },
  };
}
