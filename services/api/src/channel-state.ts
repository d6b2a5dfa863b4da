import type { CandlePlace, LiveMessage } from "./live-message.ts";
import type { Subscription } from "./subscription.ts";

/** Revisions remembered per series; for candles before them every message is taken. */
const REMEMBERED = 3_000;

interface HeldSeries {
  /** openTime of the newest closed candle that the client holds. */
  closedUntil: number;
  revisions: Map<number, number>;
}

/**
 * What one client holds of one channel. Of candles, a closed candle goes out only if its (openTime, revision) is
 * above what is held, a forming one only while no closed candle of its openTime or a later one is held.
 */
export class ChannelState {
  readonly channel: string;
  /** Subscriptions that it belongs to. */
  subscriptions: readonly Subscription[];
  /** Sequence of the last message sent, null before the first. */
  seq: number | null = null;
  /** Candles that the subscription asked a snapshot of. */
  snapshot: number;
  #held = new Map<string, HeldSeries>();
  #waiting: Map<string, LiveMessage> | null = null;

  constructor(channel: string, subscriptions: readonly Subscription[]) {
    this.channel = channel;
    this.subscriptions = subscriptions;
    this.snapshot = 0;
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
    const { place } = message;
    if (this.#waiting !== null) {
      const series = place?.series ?? "";
      const key = `${message.kind}|${series}|${place === null || message.kind === "recomputed" ? this.#waiting.size : place.openTime}`;
      this.#waiting.delete(key);
      this.#waiting.set(key, message);
      return false;
    }
    if (place === null || message.kind === "recomputed") return true;
    if (message.kind === "forming") return !this.holdsClosed(place);
    return this.hold(place);
  }

  /** openTime up to which every series holds its closed candles, null where none is held. */
  get closedUntil(): number | null {
    const heads = [...this.#held.values()].map((held) => held.closedUntil);
    return heads.length === 0 ? null : Math.min(...heads);
  }

  /** True while the closed candle of this openTime, or a later one, is held. */
  holdsClosed(place: CandlePlace): boolean {
    return place.openTime <= (this.#held.get(place.series)?.closedUntil ?? Number.NEGATIVE_INFINITY);
  }

  /** Notes a closed candle; false if this revision, or a later one, is held. */
  hold({ series, openTime, revision }: CandlePlace): boolean {
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
