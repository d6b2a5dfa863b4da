import { setTimeout as sleep } from "node:timers/promises";
import { isKnownVersion } from "@tickfleet/contracts/known-version";
import { partitionFilters, partitionInSubject, STORED_SUBJECTS } from "@tickfleet/contracts/message";
import { ALL_PARTITIONS, PARTITIONS } from "@tickfleet/contracts/tokens";
import type { OwnedLane } from "@tickfleet/database/checkpoint";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import type { ConsumerOptions } from "./consumer-options.ts";
import { publishDeadLetter } from "./dead-letter.ts";
import { commitFailure, failCommit, HandlerFaultError, isMistake, isOperational, LanesLostError } from "./failures.ts";
import { findFault, passQuietLanes } from "./lane-check.ts";
import { LaneCommits } from "./lane-commits.ts";
import { type LaneMetrics, measureLanes } from "./lane-metrics.ts";
import { LaneOutputs } from "./lane-outputs.ts";
import { type HistoryFold, isRebuilt, type Lane, lastInputOf, positionOf, resumeLane } from "./lane-resume.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { type InputMessage, type OrderedReader, openOrderedReader } from "./ordered-reader.ts";

const DEFAULT_MAX_MESSAGES = 2_000;
const DEFAULT_COMMIT_EVERY_MS = 500;
/** A clock that goes over hours closes many candles: so many outputs are published without waiting for more. */
const ENOUGH_OUTPUTS = 5_000;
const TAKE_WAIT_MS = 100;
const VERIFY_EVERY_MS = 30_000;
const DEFAULT_KEEP_EVERY_MS = 60_000;
const LONGEST_BACKOFF_MS = 5_000;

/** Reads, folds, publishes and commits until the signal; see `docs/decisions` on resuming from the checkpoint. */
export async function consume(options: ConsumerOptions): Promise<void> {
  const consumer = new Consumer(options);
  options.onReady(false, "taking lanes");
  for (let attempt = 0; !options.signal.aborted; attempt++) {
    const begun = Date.now();
    try {
      await consumer.session();
    } catch (error) {
      if (error instanceof HandlerFaultError || isMistake(error)) throw error;
      if (error === options.signal.reason) return;
      if (consumer.commits.last > begun) attempt = 0;
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      options.onReady(false, reason);
      options.logger.warn({ err: error }, "reading stopped; it begins again from the checkpoint");
      const waitMs = Math.min(LONGEST_BACKOFF_MS, 100 * 2 ** attempt) * (0.5 + Math.random() / 2);
      await sleep(waitMs, undefined, { signal: options.signal }).catch(() => undefined);
    }
  }
}

class Consumer {
  readonly #options: ConsumerOptions;
  readonly #lanes = new Map<number, Lane>();
  readonly #outputs: LaneOutputs;
  readonly #leases: LeaseKeeper;
  readonly #metrics: LaneMetrics;
  /** When the broker stored the first message that led to the outputs gathered, epoch milliseconds. */
  #outputsSince: number | null = null;
  /** How the messages of a rebuild are folded. */
  readonly #history: HistoryFold;
  /** Lanes that are leased, and not yet resumed. */
  #taken: readonly OwnedLane[] = [];
  #reader: OrderedReader | null = null;
  readonly commits: LaneCommits;
  /** The newest message read: no lane has anything before it left. */
  #seen: InputMessage | null = null;
  #lastRead: { message: InputMessage; input: unknown } | null = null;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#outputs = new LaneOutputs(options.bus, options.outputStreams);
    this.#leases = new LeaseKeeper(options.store, options.logger, () => [...this.#lanes.values(), ...this.#taken]);
    this.#metrics = measureLanes(options.metrics, {
      stream: options.inputStream,
      behind: () => this.#reader?.behind() ?? 0,
      lanes: () => [...this.#lanes].map(([number, lane]) => [number, lane.storedMs] as const),
    });
    this.commits = new LaneCommits({
      handler: options.handler,
      keepEveryMs: options.keepEveryMs ?? DEFAULT_KEEP_EVERY_MS,
      onCommitted: this.#metrics.committed,
    });
    this.#history = {
      fold: async (lane, message) => {
        await this.#foldLane(lane, message);
        if (this.#outputs.count >= ENOUGH_OUTPUTS) await this.#flushLanes([lane], true);
      },
      flush: (lane, now) => this.#flushLanes([lane], now),
      tell: (lane, messages) => {
        const count = this.#taken.findIndex((taken) => taken.lane === lane.lane) + 1;
        options.onReady(false, `rebuilding lane ${lane.lane} (${count} of ${this.#taken.length}): ${messages} messages of history`);
      },
    };
  }

  /** One stretch of reading, from taking lanes to the signal or an error. */
  async session(): Promise<void> {
    const { bus, signal } = this.#options;
    let renewed = 0;
    let verified = Date.now();
    let reconnects = bus.reconnects();
    let waitMs = TAKE_WAIT_MS;
    this.#leases.begin();
    try {
      while (!signal.aborted) {
        if (Date.now() - renewed > this.#leases.everyMs) {
          await this.#balance();
          renewed = Date.now();
        }
        // one more reconnect during the check is one more check
        const seen = bus.reconnects();
        if (Date.now() - verified > VERIFY_EVERY_MS || reconnects !== seen) {
          await this.#verify();
          if (reconnects !== seen) await this.#openReader();
          reconnects = seen;
          verified = Date.now();
        }
        if (this.#reader === null) {
          await new Promise((resolve) => setTimeout(resolve, TAKE_WAIT_MS));
          continue;
        }
        const messages = await this.#reader.take(this.#options.maxMessages ?? DEFAULT_MAX_MESSAGES, waitMs);
        // what was read ahead before the connection was lost may be gone: it is checked first
        if (reconnects !== bus.reconnects()) continue;
        for (const message of messages) {
          // a message may close the candles of hours: what is left is read again after the stop
          if (signal.aborted) break;
          await this.#fold(message);
          if (this.#outputs.count >= ENOUGH_OUTPUTS) await this.#flush(true);
          this.#seen = message;
        }
        this.#metrics.folded(messages.length);
        waitMs = Math.min(TAKE_WAIT_MS, this.#options.handler.afterFold());
        await this.#flush(false);
      }
      passQuietLanes(this.#lanes.values(), this.#seen);
      await this.#flush(true);
    } finally {
      await this.commits.settle().catch(() => undefined);
      await this.#leases.end(signal.aborted);
      await this.#reader?.close().catch(() => undefined);
      this.#reader = null;
      this.#outputs.clear();
      this.#outputsSince = null;
      this.#forget([...this.#lanes.values(), ...this.#taken]);
      this.#taken = [];
    }
  }

  /** Renews, gives away what is above this process's share, takes what is free below it. */
  async #balance(): Promise<void> {
    const { store, onReady, signal } = this.#options;
    const total = this.#options.partitioned ? PARTITIONS : 1;
    const standstill = await this.#leases.standstill();
    const share = await this.#leases.share(total);
    const held = new Set(await store.renew([...this.#lanes.values()]));
    for (const lane of this.#lanes.keys()) if (!held.has(lane)) throw new LanesLostError(`lane ${lane} was taken over by another process`);
    let changed = false;
    if (this.#lanes.size > share) {
      await this.#flush(true);
      const surplus = [...this.#lanes.values()].slice(share);
      await store.release(surplus);
      this.#forget(surplus);
      changed = true;
    } else if (this.#lanes.size < share) {
      this.#taken = await this.#leases.take(share - this.#lanes.size);
      changed = this.#taken.length > 0;
      if (changed) await this.#flush(true);
      for (const lane of this.#taken) {
        signal.throwIfAborted();
        this.#lanes.set(lane.lane, await resumeLane(this.#options, this.#history, lane));
      }
      this.#taken = [];
    }
    if (changed) await this.#openReader();
    // a lane that a dead process holds comes with the end of its lease: until then this one is a standby, and healthy
    const holding = this.#lanes.size > 0 ? `${this.#lanes.size} of ${total} lanes` : "standby: other processes hold the lanes";
    onReady(standstill === null, standstill ?? holding);
  }

  async #openReader(): Promise<void> {
    await this.#reader?.close();
    this.#reader = this.#seen = null;
    if (this.#lanes.size === 0) return;
    const from = Math.min(...[...this.#lanes.values()].map((lane) => lane.seq)) + 1;
    const filters = this.#options.partitioned ? partitionFilters([...this.#lanes.keys()]) : [STORED_SUBJECTS];
    this.#reader = await openOrderedReader(this.#options.bus, this.#options.inputStream, from, filters);
  }

  async #fold(message: InputMessage): Promise<void> {
    const partition = this.#options.partitioned ? partitionInSubject(message.subject) : ALL_PARTITIONS;
    const isFor = ({ lane, seq }: Lane): boolean => message.seq > seq && (partition === ALL_PARTITIONS || lane === partition);
    const lanes = [...this.#lanes.values()].filter(isFor);
    if (lanes.length > 0 && !(this.#options.isKnown ?? isKnownVersion)(message.subject)) return this.#refuse(lanes, message);
    for (const lane of lanes) await this.#foldLane(lane, message);
  }

  /** Gives lanes up before a message of an unknown version, with their place in the table; the others go on. */
  async #refuse(lanes: readonly Lane[], message: InputMessage): Promise<void> {
    for (const lane of lanes) lane.dirty = true;
    await this.#flush(true);
    const standstill = await this.#leases.refuse(lanes, message);
    this.#forget(lanes);
    await this.#openReader();
    if (standstill !== null) this.#options.onReady(false, standstill);
  }

  #forget(lanes: readonly Pick<Lane, "lane">[]): void {
    for (const { lane } of lanes) {
      this.#options.handler.forget(lane);
      this.#lanes.delete(lane);
    }
  }

  async #foldLane(lane: Lane, message: InputMessage): Promise<void> {
    const { handler, signal } = this.#options;
    let index = 0;
    const fault = lane.faults.get(message.seq);
    if (fault !== undefined) await this.#deadLetter(lane, message, "fault", fault);
    else if (handler.isParked(lane.lane, message)) await this.#deadLetter(lane, message, "fault", "its instrument is parked");
    else {
      try {
        let input = this.#read(message);
        if (handler.needsLoad(input, lane.lane)) {
          await this.#flush(true, lane).catch(failCommit);
          await handler.load(input, lane.lane, message, signal);
          input = handler.read(message);
        }
        handler.apply(input, lane.lane, message, (output) => {
          this.#outputs.add(lane, { streamCreated: lane.streamCreated, seq: message.seq, index }, output);
          index += 1;
          this.#outputsSince ??= message.storedMs ?? null;
        });
      } catch (error) {
        if (error instanceof InvalidMessageError) await this.#deadLetter(lane, message, "invalid", error.message);
        else if (commitFailure(error) !== undefined) throw commitFailure(error);
        else if (isOperational(error)) throw error;
        else await this.#fail(lane, message, error);
      }
    }
    lane.seq = message.seq;
    lane.inputId = message.id;
    lane.storedMs = message.storedMs ?? null;
    lane.dirty = true;
  }

  /** Reads a message once, also where every lane takes it. */
  #read(message: InputMessage): unknown {
    if (this.#lastRead?.message !== message) this.#lastRead = { message, input: this.#options.handler.read(message) };
    return this.#lastRead.input;
  }

  async #deadLetter(lane: Lane, message: InputMessage, kind: "invalid" | "fault", error: string): Promise<void> {
    const { bus, service, inputStream, handler, logger } = this.#options;
    logger.error({ stream: inputStream, seq: message.seq, subject: message.subject, kind, error }, "message dead-lettered");
    // what could not be read is in the history because it is among the dead letters already
    if (kind === "fault" || !isRebuilt(lane)) await publishDeadLetter(bus, service, inputStream, message, kind, error);
    handler.deadLettered(lane.lane, message, kind);
  }

  async #fail(lane: Lane, message: InputMessage, cause: unknown): Promise<never> {
    const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    const count = await this.#options.store.recordFault(lane.lane, lane.streamCreated, message.seq, text);
    throw new HandlerFaultError(`${message.subject} at ${message.seq} made the handler throw, for the ${count}. time: ${text}`, { cause });
  }

  async #flush(now: boolean, also?: Lane): Promise<void> {
    const lanes = new Set(this.#lanes.values());
    if (also) lanes.add(also);
    await this.#flushLanes([...lanes], now);
  }

  /**
   * Publishes what is gathered, then begins to commit rows, state and checkpoints of the lanes that moved.
   * @param now whether or not it is due, and with the commit's end
   */
  async #flushLanes(lanes: readonly Lane[], now: boolean): Promise<void> {
    this.commits.check();
    if (!now && this.#outputs.count === 0 && !this.#options.handler.hasRows()) {
      const commitEveryMs = this.#options.commitEveryMs ?? DEFAULT_COMMIT_EVERY_MS;
      if (this.commits.isRunning || Date.now() - this.commits.last < commitEveryMs) return;
    }
    await this.commits.settle();
    if (this.#outputs.count > 0) await this.#outputs.publish();
    if (this.#outputsSince !== null) this.#metrics.published(this.#outputsSince);
    this.#outputsSince = null;
    this.commits.begin(lanes);
    if (now) await this.commits.settle();
  }

  /** Holds every lane's committed position against the streams again. */
  async #verify(): Promise<void> {
    const { bus, handler, inputStream } = this.#options;
    passQuietLanes(this.#lanes.values(), this.#seen);
    await this.#flush(true);
    for (const lane of this.#lanes.values()) {
      const fault = await findFault(bus, positionOf(lane), inputStream, () => lastInputOf(handler, lane.lane));
      if (fault !== null) throw new LanesLostError(`lane ${lane.lane}: ${fault}`);
    }
  }
}
