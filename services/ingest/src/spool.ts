import { randomUUID } from "node:crypto";
import { closeSync, fsync, fsyncSync, mkdirSync, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { orAborted } from "./abortable.ts";
import type { OutboundMessage } from "./intake-state.ts";
import { readOrCreate, replaceFile } from "./small-file.ts";
import {
  type AcknowledgedHead,
  encodeRecord,
  type MessageHead,
  parseHead,
  RECORD_ACKNOWLEDGED,
  RECORD_MESSAGE,
  RECORD_STATE,
  type SpoolRecord,
  type StateHead,
} from "./spool-record.ts";
import { loadSegments, type Segment, segmentPath, takeGeneration } from "./spool-segment.ts";

/** Where a source stood when its state was last kept. */
export interface SourceState {
  position: number;
  /** Messages that it had made by then. */
  index: number;
  /** Messages of it that are spooled: the ones after `index` are made again, equal, and must be skipped. */
  lastIndex: number;
  /** Its state as JSON text. */
  state: string;
}

export interface SpoolOptions {
  folder: string;
  /** Most bytes on disk; when messages that are not published yet fill it, `room` waits. */
  maxBytes: number;
  /** Acknowledged messages are kept this long, for a broker that loses its newest ones. */
  keepMs?: number;
  segmentBytes?: number;
  onError: (error: Error) => void;
}

const KEEP_MS = 600_000;
const SEGMENT_BYTES = 8 * 1024 * 1024;
const SEGMENT_MS = 60_000;
const SYNC_MS = 100;
const BUFFER_BYTES = 256 * 1024;
/** Share of the bound at which acknowledged segments go early. */
const FULL_SHARE = 0.75;

/**
 * Messages on their way to MARKET, in order, on disk: what a crash of this process or of the broker would
 * lose is published from here. Sources keep their state in the same files, so that both always agree.
 */
export class Spool {
  #id: string;
  readonly #options: SpoolOptions;
  readonly #segments: Segment[];
  readonly #sources = new Map<string, SourceState>();
  readonly #generation: number;
  readonly #timer: NodeJS.Timeout;
  #file = -1;
  #openedMs = Date.now();
  #buffer: Buffer[] = [];
  #buffered = 0;
  #bufferedN: number;
  #dirty = false;
  #syncing = false;
  #acknowledged: AcknowledgedHead | null = null;
  #acknowledgedKept = 0;
  #wakeReader: (() => void) | null = null;
  #waitingForRoom: (() => void)[] = [];

  /** @throws SpoolDamagedError */
  constructor(options: SpoolOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true });
    this.#id = readOrCreate(join(options.folder, "spool-id"), () => randomUUID());
    this.#generation = takeGeneration(options.folder);
    this.#segments = loadSegments(options.folder, (record) => this.#remember(record));
    this.#bufferedN = this.#segments.at(-1)?.lastN ?? 0;
    this.#openSegment();
    this.#timer = setInterval(() => this.#sync(), SYNC_MS);
  }

  /** Names this spool in the ids of its messages. */
  get id(): string {
    return this.#id;
  }

  /** Takes a new name, after messages of the old one were lost here that the broker has: their numbers will be used again. */
  renew(): void {
    this.#id = randomUUID();
    replaceFile(join(this.#options.folder, "spool-id"), this.#id);
  }

  /** Number of the last message that readers may have. */
  get lastN(): number {
    return (this.#segments.at(-1) as Segment).lastN;
  }

  /** Number of the oldest message still held; lastN + 1 where none is. */
  get firstN(): number {
    return (this.#segments[0] as Segment).firstN;
  }

  /** What the stream was last known to hold, null where nothing was ever published. */
  get acknowledged(): Readonly<AcknowledgedHead> | null {
    return this.#acknowledged;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Whether messages that are not published yet fill it. */
  get full(): boolean {
    return this.bytes >= this.#options.maxBytes;
  }

  /** Segments in order; the last one grows. */
  get segments(): readonly Readonly<Segment>[] {
    return this.#segments;
  }

  sourceState(source: string): SourceState | null {
    return this.#sources.get(source) ?? null;
  }

  sources(): string[] {
    return [...this.#sources.keys()];
  }

  /** Adds a message; `commit` hands it to readers. Returns its number. */
  append(source: string, index: number, message: OutboundMessage, headers?: Record<string, string>): number {
    this.#bufferedN += 1;
    const head: MessageHead = {
      n: this.#bufferedN,
      subject: message.subject,
      source,
      index,
      ...(headers === undefined ? {} : { headers }),
    };
    this.#push(encodeRecord(RECORD_MESSAGE, head, message.data));
    const known = this.#sources.get(source);
    if (known !== undefined) known.lastIndex = Math.max(known.lastIndex, index);
    if (this.#buffered >= BUFFER_BYTES) this.commit();
    return this.#bufferedN;
  }

  /** Keeps a source's state with the messages that it has made so far. */
  keepState(source: string, position: number, index: number, state: string): void {
    const lastIndex = Math.max(index, this.#sources.get(source)?.lastIndex ?? 0);
    this.#sources.set(source, { position, index, lastIndex, state });
    this.#pushState(source);
  }

  /** Drops what is kept of a source that has come to its end. */
  forget(source: string): void {
    if (!this.#sources.delete(source)) return;
    this.#push(encodeRecord(RECORD_STATE, { source, position: 0, index: 0, lastIndex: 0 } satisfies StateHead));
    this.commit();
  }

  /** Writes what was added to the file, and wakes the reader. */
  commit(): void {
    if (this.#buffered > 0) {
      this.#write();
      this.#dirty = true;
      const { bytes } = this.#segments.at(-1) as Segment;
      if (bytes >= (this.#options.segmentBytes ?? SEGMENT_BYTES) || Date.now() - this.#openedMs >= SEGMENT_MS) this.#rotate();
    }
    this.#wakeReader?.();
  }

  /** Resolves when a message beyond `n` can be read, or after `waitMs`. */
  async beyond(n: number, waitMs: number): Promise<boolean> {
    if (this.lastN <= n) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
        timer = setTimeout(resolve, waitMs);
      });
      clearTimeout(timer);
      this.#wakeReader = null;
    }
    return this.lastN > n;
  }

  /** The broker holds all messages up to `n`. */
  acknowledge(n: number, seq: number, created: string): void {
    this.#acknowledged = { n, seq, created };
    this.#trim();
  }

  /** Resolves when the spool has room for more (at once unless unpublished messages fill it), or at the signal. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.full && !signal.aborted) {
      this.#trim();
      if (this.full) await orAborted(new Promise<void>((resolve) => this.#waitingForRoom.push(resolve)), signal);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#keepAcknowledged();
    this.commit();
    fsyncSync(this.#file);
    closeSync(this.#file);
  }

  #push(record: Buffer): void {
    this.#buffer.push(record);
    this.#buffered += record.length;
  }

  #pushState(source: string): void {
    const { state, ...rest } = this.#sources.get(source) as SourceState;
    this.#push(encodeRecord(RECORD_STATE, { source, ...rest } satisfies StateHead, Buffer.from(state)));
  }

  #keepAcknowledged(): void {
    if (this.#acknowledged === null || this.#acknowledged.n === this.#acknowledgedKept) return;
    this.#acknowledgedKept = this.#acknowledged.n;
    this.#push(encodeRecord(RECORD_ACKNOWLEDGED, this.#acknowledged));
  }

  #write(): void {
    const bytes = Buffer.concat(this.#buffer, this.#buffered);
    const active = this.#segments.at(-1) as Segment;
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at, bytes.length - at);
    active.bytes += bytes.length;
    active.lastN = this.#bufferedN;
    active.writtenMs = Date.now();
    this.#buffer = [];
    this.#buffered = 0;
  }

  /** Every process and every turn begins a file of its own, headed by the state of all sources: on disk before an older file may go. */
  #openSegment(): void {
    const firstN = this.#bufferedN + 1;
    const path = segmentPath(this.#options.folder, firstN, this.#generation);
    this.#segments.push({ path, firstN, lastN: firstN - 1, bytes: 0, writtenMs: Date.now() });
    this.#openedMs = Date.now();
    this.#file = openSync(path, "w");
    if (this.#acknowledged !== null) this.#push(encodeRecord(RECORD_ACKNOWLEDGED, this.#acknowledged));
    for (const source of this.#sources.keys()) this.#pushState(source);
    this.#write();
    fsyncSync(this.#file);
  }

  /** Begins the next file once all of this one is on disk: the next one alone would be a spool with a hole. */
  #rotate(): void {
    if (this.lastN < (this.#segments.at(-1) as Segment).firstN) return;
    fsyncSync(this.#file);
    closeSync(this.#file);
    this.#openSegment();
    this.#trim();
  }

  #sync(): void {
    this.#keepAcknowledged();
    this.commit();
    if (!this.#dirty || this.#syncing) return;
    this.#dirty = false;
    this.#syncing = true;
    fsync(this.#file, (error) => {
      this.#syncing = false;
      // A file that was turned over meanwhile was synced by that.
      if (error !== null && error.code !== "EBADF") this.#options.onError(error);
    });
  }

  #trim(): void {
    const done = this.#acknowledged?.n ?? 0;
    const aged = Date.now() - (this.#options.keepMs ?? KEEP_MS);
    let bytes = this.bytes;
    while (this.#segments.length > 1) {
      const oldest = this.#segments[0] as Segment;
      if (oldest.lastN > done || (oldest.writtenMs > aged && bytes < this.#options.maxBytes * FULL_SHARE)) break;
      unlinkSync(oldest.path);
      bytes -= oldest.bytes;
      this.#segments.shift();
    }
    if (bytes < this.#options.maxBytes) for (const wake of this.#waitingForRoom.splice(0)) wake();
  }

  #remember(record: SpoolRecord): void {
    if (record.kind === RECORD_MESSAGE) {
      const { source, index } = parseHead<MessageHead>(record);
      const known = this.#sources.get(source);
      if (known !== undefined) known.lastIndex = Math.max(known.lastIndex, index);
    } else if (record.kind === RECORD_STATE) {
      const { source, ...head } = parseHead<StateHead>(record);
      if (record.payload.length === 0) this.#sources.delete(source);
      else this.#sources.set(source, { ...head, state: record.payload.toString("utf8") });
    } else if (record.kind === RECORD_ACKNOWLEDGED) {
      this.#acknowledged = parseHead<AcknowledgedHead>(record);
      this.#acknowledgedKept = this.#acknowledged.n;
    }
  }
}
