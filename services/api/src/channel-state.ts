import type { LiveMessage } from "./live-candles.ts";

/** Revisions remembered per series; for candles before them every message is taken. */
const REMEMBERED = 3_000;

interface HeldSeries {
  /** openTime of the newest closed candle that the client holds. */
  closedUntil: number;
  revisions: Map<number, number>;
}

/**
 * What one client holds of one channel. A closed candle goes out only if its (openTime, revision) is
 * above what is held, a forming one only while no closed candle of its openTime or a later one is held.
 */
export class ChannelState {
  readonly channel: string;
  /** Number of the last update sent. */
  seq = 0;
  /** Candles that the subscription asked a snapshot of. */
  snapshot: number;
  #held = new Map<string, HeldSeries>();
  #waiting: Map<string, LiveMessage> | null = null;

  constructor(channel: string, snapshot: number) {
    this.channel = channel;
    this.snapshot = snapshot;
  }

  /** From now on messages wait for the snapshot. */
  awaitSnapshot(): void {
    this.#waiting ??= new Map();
  }

  get waits(): boolean {
    return this.#waiting !== null;
  }

  /** True if the client is to get the message now. */
  take(message: LiveMessage): boolean {
    if (this.#waiting !== null) {
      const key = `${message.kind}|${message.series}|${message.kind === "recomputed" ? this.#waiting.size : message.openTime}`;
      this.#waiting.delete(key);
      this.#waiting.set(key, message);
      return false;
    }
    if (message.kind === "recomputed") return true;
    if (message.kind === "forming") return !this.holdsClosed(message);
    return this.hold(message.series, message.openTime, message.revision);
  }

  /** openTime up to which every series holds its closed candles, null where none is held. */
  get closedUntil(): number | null {
    const heads = [...this.#held.values()].map((held) => held.closedUntil);
    return heads.length === 0 ? null : Math.min(...heads);
  }

  /** True while the closed candle of this message's openTime, or a later one, is held. */
  holdsClosed(message: LiveMessage): boolean {
    return message.openTime <= (this.#held.get(message.series)?.closedUntil ?? Number.NEGATIVE_INFINITY);
  }

  /** Notes a closed candle; false if this revision, or a later one, is held. */
  hold(series: string, openTime: number, revision: number): boolean {
    let held = this.#held.get(series);
    if (held === undefined) {
      held = { closedUntil: Number.NEGATIVE_INFINITY, revisions: new Map() };
      this.#held.set(series, held);
    }
    const before = held.revisions.get(openTime);
    if (before !== undefined && before >= revision) return false;
    held.revisions.set(openTime, revision);
    held.closedUntil = Math.max(held.closedUntil, openTime);
    if (held.revisions.size > REMEMBERED) held.revisions.delete(held.revisions.keys().next().value as number);
    return true;
  }

  /** Ends the wait: the messages that came meanwhile, in order, to be taken again. */
  endWait(): LiveMessage[] {
    const waited = [...(this.#waiting?.values() ?? [])];
    this.#waiting = null;
    return waited;
  }
}
