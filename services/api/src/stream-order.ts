/** What stands at a place of a stream. */
export interface Placed {
  /** Sequence in the stream. */
  seq: number;
}

export interface StreamOrderOptions<M extends Placed> {
  /** Messages of the stream with seq in [from, to], ascending; null where they are too many or no longer kept. Rejects while the broker is away. */
  read(from: number, to: number): Promise<M[] | null>;
  /** Every message once, in order. */
  onMessage(message: M): void;
  /** Messages up to the present position were passed over. */
  onMissed(): void;
  /** Waits before the stream is read again after a failure. */
  pause(): Promise<void>;
}

/** Most messages that wait while a hole is being filled. */
const MOST_WAITING = 10_000;

/**
 * One stream as it is published live, made whole: what was passed over (the connection was away) is read from the
 * stream before what comes after it goes on; what comes twice goes on once.
 */
export class StreamOrder<M extends Placed> {
  readonly #options: StreamOrderOptions<M>;
  #position: number | null = null;
  #waiting: M[] = [];
  #filling = false;
  /** Counts restarts: what was being filled before one is of no use after it. */
  #restarts = 0;
  #closed = false;

  constructor(options: StreamOrderOptions<M>) {
    this.#options = options;
  }

  /** Everything up to here has gone on; null before anything is known. */
  get position(): number | null {
    return this.#position;
  }

  offer(message: M): void {
    if (this.#closed) return;
    if (this.#filling) {
      this.#waiting.push(message);
      return;
    }
    if (this.#position === null || message.seq === this.#position + 1) this.#pass(message);
    else if (message.seq > this.#position) {
      this.#waiting.push(message);
      void this.#fill(message.seq - 1);
    }
  }

  /**
   * What the broker says of the stream: messages that have not come are read.
   * @param lastSeq sequence of its last message
   * @param askedAt `position` when the broker was asked; an end before it tells of a stream that lost its tail
   */
  catchUp(lastSeq: number, askedAt: number | null): void {
    if (this.#position === null) this.#position = lastSeq;
    else if (askedAt !== null && lastSeq < askedAt) this.restart(lastSeq);
    else if (lastSeq > this.#position && !this.#filling) void this.#fill(lastSeq);
  }

  /** The stream is another one now, and goes on from here. */
  restart(lastSeq: number): void {
    this.#position = lastSeq;
    this.#waiting = [];
    this.#restarts += 1;
    this.#options.onMissed();
  }

  close(): void {
    this.#closed = true;
  }

  #pass(message: M): void {
    this.#position = message.seq;
    this.#options.onMessage(message);
  }

  async #fill(to: number): Promise<void> {
    this.#filling = true;
    for (let end = to; !this.#closed; ) {
      const from = (this.#position as number) + 1;
      const restarts = this.#restarts;
      const found = from <= end ? await this.#read(from, end) : [];
      if (this.#closed) return;
      if (restarts === this.#restarts) this.#passFound(found, end);
      const next = this.#passWaiting();
      if (next === null) break;
      end = next.seq - 1;
    }
    this.#filling = false;
  }

  #passFound(found: M[] | null, end: number): void {
    for (const message of found ?? []) this.#pass(message);
    this.#position = Math.max(this.#position as number, end);
    if (found === null) this.#options.onMissed();
  }

  /** What was waiting and is next; returns the one that another hole is before. */
  #passWaiting(): M | null {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [i, message] of waiting.entries()) {
      const position = this.#position as number;
      if (message.seq <= position) continue;
      if (message.seq > position + 1) {
        this.#waiting = [...waiting.slice(i), ...this.#waiting];
        return message;
      }
      this.#pass(message);
    }
    return null;
  }

  async #read(from: number, to: number): Promise<M[] | null> {
    while (!this.#closed && this.#waiting.length <= MOST_WAITING) {
      try {
        return await this.#options.read(from, to);
      } catch {
        await this.#options.pause();
      }
    }
    return null;
  }
}
