import { setTimeout as sleep } from "node:timers/promises";
import { type Bus, type OutgoingMessage, PublishRefusedError, type StoredMessage, StreamMissingError } from "@tickfleet/runtime/bus";
import { orAborted } from "./abortable.ts";
import type { Spool } from "./spool.ts";
import { SpoolCursor, type SpooledMessage } from "./spool-cursor.ts";

const STREAM = "MARKET";
const MOST_MESSAGES = 256;
const MOST_BYTES = 1024 * 1024;
/** So few go one by one: for an atomic batch the broker opens a file of its own, which takes longer. */
const MOST_SINGLES = 8;
const CHECK_MS = 5_000;
/** How far back the end of the stream is searched for a message of this spool. */
const SEARCH_BACK = 2_000;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;
const MESSAGE_ID = /^(.+)-(\d+)(?:~\d+)?$/;

/** Somebody else writes MARKET. */
export class AnotherWriterError extends Error {
  override name = "AnotherWriterError";
}

export interface PublisherOptions {
  bus: Pick<Bus, "streamPosition" | "getMessage" | "publishBatch" | "reconnects">;
  spool: Spool;
  /** Whether this process may write now. */
  mayWrite: () => boolean;
  /** Makes the stream where it is missing. */
  provision: () => Promise<void>;
  onPublished: (messages: number, bytes: number) => void;
  /** Called with what is worth a log line; `ok` is whether publishing works. */
  onStatus: (ok: boolean, detail: string) => void;
}

interface StreamEnd {
  created: string;
  lastSeq: number;
}

/** Brings the spool's messages into MARKET, in order, each once: the only writer of that stream. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #cursor: SpoolCursor;
  #end: StreamEnd | null = null;
  #wasAligned = false;
  #checkedMs = 0;
  #reconnects = -1;
  #trouble = "";
  /** Grows when the broker refuses ids that it does not hold: its memory of ids outlives messages that it lost. */
  #attempt = 0;
  #waiting: { n: number; resolve: (seq: number) => void }[] = [];

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#cursor = new SpoolCursor(options.spool);
  }

  /** Publishes until the signal. @throws AnotherWriterError, SpoolDamagedError */
  async run(signal: AbortSignal): Promise<void> {
    const { spool } = this.#options;
    let waitMs = FIRST_WAIT_MS;
    while (!signal.aborted) {
      try {
        if (!this.#options.mayWrite()) {
          this.#end = null;
          this.#report(false, "waiting for the lease");
          await sleep(FIRST_WAIT_MS);
          continue;
        }
        if (this.#mustCheck()) await this.#align();
        const messages = this.#cursor.take(MOST_MESSAGES, MOST_BYTES);
        if (messages.length > 0) await this.#publish(messages);
        this.#report(true, "");
        waitMs = FIRST_WAIT_MS;
        if (messages.length === 0) await orAborted(spool.beyond(this.#cursor.nextN - 1, CHECK_MS / 5), signal);
      } catch (error) {
        if (error instanceof AnotherWriterError || (error as Error).name === "SpoolDamagedError") throw error;
        if (error instanceof PublishRefusedError) this.#attempt += 1;
        this.#end = null;
        this.#report(false, (error as Error).message);
        if (error instanceof StreamMissingError)
          await this.#options.provision().catch((reason: Error) => this.#report(false, reason.message));
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
        waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      }
    }
    this.#cursor[Symbol.dispose]();
  }

  /** Resolves with a sequence of the stream by which message `n` of the spool is stored, with null where the signal comes first. */
  async settled(n: number, signal: AbortSignal): Promise<{ seq: number; created: string } | null> {
    const acknowledged = this.#options.spool.acknowledged;
    if (this.#end === null || acknowledged === null || acknowledged.n < n) {
      const stored = new Promise<number>((resolve) => this.#waiting.push({ n, resolve }));
      if ((await orAborted(stored, signal)) === null) return null;
    }
    const { seq, created } = this.#options.spool.acknowledged ?? { seq: 0, created: "" };
    return { seq, created };
  }

  #mustCheck(): boolean {
    return this.#end === null || this.#reconnects !== this.#options.bus.reconnects() || performance.now() - this.#checkedMs > CHECK_MS;
  }

  async #publish(messages: readonly SpooledMessage[]): Promise<void> {
    const { bus, spool, onPublished } = this.#options;
    const end = this.#end as StreamEnd;
    const suffix = this.#attempt === 0 ? "" : `~${this.#attempt}`;
    let bytes = 0;
    const singly = messages.length <= MOST_SINGLES;
    const outgoing: OutgoingMessage[] = messages.map((message, i) => {
      bytes += message.data.byteLength;
      const headers: Record<string, string> = { "Nats-Msg-Id": `${spool.id}-${message.n}${suffix}`, ...message.headers };
      if (i === 0 || singly) headers["Nats-Expected-Last-Sequence"] = String(end.lastSeq + i);
      return { subject: message.subject, headers, data: message.data };
    });
    const { lastSeq } = await (singly ? publishSingly(bus, outgoing) : bus.publishBatch(outgoing));
    end.lastSeq = lastSeq;
    this.#attempt = 0;
    onPublished(messages.length, bytes);
    this.#acknowledge((messages.at(-1) as SpooledMessage).n);
  }

  /** Compares the end of the stream with the spool, and stands where the stream ends. */
  async #align(): Promise<void> {
    const { bus } = this.#options;
    const reconnects = bus.reconnects();
    const { created, firstSeq, lastSeq } = await bus.streamPosition(STREAM);
    this.#checkedMs = performance.now();
    this.#reconnects = reconnects;
    if (this.#end !== null && this.#end.created === created && this.#end.lastSeq === lastSeq) return;
    const last = lastSeq >= firstSeq && lastSeq > 0 ? await bus.getMessage(STREAM, lastSeq) : null;
    const n = last === null ? this.#withoutEnd(created, lastSeq) : await this.#numberAtEnd(last, created, firstSeq);
    this.#standBehind(n, created, lastSeq);
  }

  /** Number of the newest of our messages that the stream holds, from what was acknowledged before; 0 where it holds none. */
  #withoutEnd(created: string, lastSeq: number): number {
    const { spool } = this.#options;
    const acknowledged = spool.acknowledged;
    if (acknowledged === null) return 0;
    if (acknowledged.created !== created) {
      this.#report(false, `stream ${STREAM} was made anew at ${created}: all that the spool holds is published again`);
      return 0;
    }
    return Math.max(0, acknowledged.n + lastSeq - acknowledged.seq);
  }

  async #numberAtEnd(last: StoredMessage, created: string, firstSeq: number): Promise<number> {
    const { spool, bus } = this.#options;
    const own = this.#numberOf(last);
    if (own !== null) return own;
    if (this.#wasAligned) {
      throw new AnotherWriterError(
        `stream ${STREAM} ends with message ${last.headers?.get("Nats-Msg-Id") || `at ${last.seq}`} that is not of this ingest's spool ${spool.id}: another writer is at work. Stop it, then start this one again`,
      );
    }
    for (let seq = last.seq - 1; seq >= firstSeq && seq > last.seq - SEARCH_BACK; seq--) {
      const message = await bus.getMessage(STREAM, seq);
      const n = message === null ? null : this.#numberOf(message);
      if (n !== null) return n;
    }
    const acknowledged = spool.acknowledged;
    return acknowledged !== null && acknowledged.created === created && acknowledged.seq <= last.seq ? acknowledged.n : 0;
  }

  #numberOf(message: StoredMessage): number | null {
    const match = MESSAGE_ID.exec(message.headers?.get("Nats-Msg-Id") ?? "");
    return match !== null && match[1] === this.#options.spool.id ? Number(match[2]) : null;
  }

  #standBehind(n: number, created: string, lastSeq: number): void {
    const { spool } = this.#options;
    const acknowledged = spool.acknowledged;
    if (this.#wasAligned || acknowledged !== null) {
      const before = acknowledged?.n ?? 0;
      if (n < before) this.#report(false, `stream ${STREAM} lost messages ${n + 1} to ${before} of the spool: publishing them again`);
    }
    if (n > spool.lastN) {
      this.#report(
        false,
        `the spool lost its messages ${spool.lastN + 1} to ${n}, which stream ${STREAM} holds: going on under a new name`,
      );
      spool.renew();
      n = spool.lastN;
    }
    if (n + 1 < spool.firstN) {
      this.#report(false, `messages ${n + 1} to ${spool.firstN - 1} are no longer in the spool and will be missing in stream ${STREAM}`);
      n = spool.firstN - 1;
    }
    this.#cursor.seek(n + 1);
    this.#end = { created, lastSeq };
    this.#wasAligned = true;
    if (lastSeq > 0) this.#acknowledge(n);
  }

  #acknowledge(n: number): void {
    const { created, lastSeq } = this.#end as StreamEnd;
    this.#options.spool.acknowledge(n, lastSeq, created);
    const done = this.#waiting.filter((waiter) => waiter.n <= n);
    this.#waiting = this.#waiting.filter((waiter) => waiter.n > n);
    for (const waiter of done) waiter.resolve(lastSeq);
  }

  /** Tells of trouble once, and of its end. */
  #report(ok: boolean, detail: string): void {
    if (this.#trouble === detail || (ok && this.#trouble === "")) return;
    this.#trouble = ok ? "" : detail;
    this.#options.onStatus(ok, detail);
  }
}

/** Publishes one after the other, each when the one before it is stored: sent ahead, one might follow another writer's message. */
async function publishSingly(bus: Pick<Bus, "publishBatch">, messages: readonly OutgoingMessage[]): Promise<{ lastSeq: number }> {
  let lastSeq = 0;
  for (const message of messages) ({ lastSeq } = await bus.publishBatch([message]));
  return { lastSeq };
}
