import type { CandlePlace, LiveMessage } from "./live-message.ts";

/** A candle that was published, with its place. */
export type RecentCandle = LiveMessage & { place: CandlePlace };

/** What a snapshot must know beyond the table: candles that may not be stored yet, and the open ones. */
export interface RecentCandles {
  closed: readonly RecentCandle[];
  forming: readonly RecentCandle[];
}

interface ChannelMemory {
  closed: RecentCandle[];
  forming: Map<string, RecentCandle>;
}

/** Closed candles are published before their rows are committed: this many are kept, at least and at most, and for so long. */
const KEPT_LEAST = 32;
const KEPT_MOST = 500;
const KEPT_MS = 15_000;

/** The newest candles of every channel. */
export class CandleMemory {
  readonly #channels = new Map<string, ChannelMemory>();

  recent(channel: string): RecentCandles {
    const memory = this.#channels.get(channel);
    return { closed: memory?.closed ?? [], forming: [...(memory?.forming.values() ?? [])] };
  }

  /** Takes a message of a candle channel; others are passed over. */
  remember(message: LiveMessage): void {
    if (message.place === null || message.kind === "recomputed" || !message.channel.startsWith("candle:")) return;
    const candle = message as RecentCandle;
    let memory = this.#channels.get(message.channel);
    if (memory === undefined) {
      memory = { closed: [], forming: new Map() };
      this.#channels.set(message.channel, memory);
    }
    if (message.kind === "forming") {
      memory.forming.set(candle.place.series, candle);
      return;
    }
    const open = memory.forming.get(candle.place.series);
    if (open !== undefined && open.place.openTime <= candle.place.openTime) memory.forming.delete(candle.place.series);
    const { closed } = memory;
    closed.push(candle);
    const old = message.arrivedMs - KEPT_MS;
    while (closed.length > KEPT_MOST || (closed.length > KEPT_LEAST && (closed[0] as RecentCandle).arrivedMs < old)) closed.shift();
  }
}
