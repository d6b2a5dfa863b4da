import type { Spool } from "./spool.ts";
import { type MessageHead, parseHead, RECORD_MESSAGE } from "./spool-record.ts";
import { openSegment, type SegmentReader, SpoolDamagedError } from "./spool-segment.ts";

/** A message as the spool holds it. */
export interface SpooledMessage {
  n: number;
  subject: string;
  headers: Record<string, string>;
  data: Uint8Array;
}

/** Reads a spool's messages in order, from any number on. */
export class SpoolCursor implements Disposable {
  readonly #spool: Spool;
  #path = "";
  #reader: SegmentReader | null = null;
  #offset = 0;
  #nextN = 1;

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  /** Number of the message that `take` begins with. */
  get nextN(): number {
    return this.#nextN;
  }

  seek(n: number): void {
    this.#close();
    this.#nextN = n;
  }

  /** Messages from `nextN` on that are there, at least one where there is any. */
  take(most: number, mostBytes: number): SpooledMessage[] {
    const messages: SpooledMessage[] = [];
    let bytes = 0;
    while (messages.length < most && this.#enter()) {
      const segment = this.#segment();
      const record = (this.#reader as SegmentReader).recordAt(this.#offset, segment.bytes);
      if (record === null || record === "damaged")
        throw new SpoolDamagedError(`spool file ${this.#path} cannot be read at ${this.#offset}`);
      if (record.kind === RECORD_MESSAGE) {
        const { n, subject, headers } = parseHead<MessageHead>(record);
        if (n >= this.#nextN) {
          if (messages.length > 0 && bytes + record.size > mostBytes) break;
          messages.push({ n, subject, headers: headers ?? {}, data: Uint8Array.from(record.payload) });
          bytes += record.size;
          this.#nextN = n + 1;
        }
      }
      this.#offset += record.size;
    }
    return messages;
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #segment(): Spool["segments"][number] {
    const found = this.#spool.segments.find((segment) => segment.path === this.#path);
    if (found === undefined) throw new SpoolDamagedError(`spool file ${this.#path} went away while it was read`);
    return found;
  }

  /** Stands on a record of the segment that holds the next message; false where it is not there yet. */
  #enter(): boolean {
    if (this.#nextN > this.#spool.lastN) return false;
    if (this.#reader !== null && this.#nextN <= this.#segment().lastN) return true;
    const next = this.#spool.segments.find((segment) => segment.lastN >= this.#nextN);
    if (next === undefined || next.firstN > this.#nextN) throw new SpoolDamagedError(`message ${this.#nextN} is no longer in the spool`);
    this.#close();
    this.#path = next.path;
    this.#reader = openSegment(next.path);
    return true;
  }

  #close(): void {
    this.#reader?.[Symbol.dispose]();
    this.#reader = null;
    this.#offset = 0;
  }
}
