import { futures, sentiment } from "@tickfleet/contracts/context-messages";
import { classOf, type Payload } from "@tickfleet/contracts/message";
import type { InputMessage } from "./ordered-reader.ts";

export type SentimentItem = Payload<typeof sentiment>;
export type FuturesItem = Payload<typeof futures>;

/** An item stored later than so long before its `validFrom` never counts: a reader may have gone past it. */
export const LEAST_NOTICE_MS = 30_000;

/** How far behind the newest items are kept: as long as ENRICHED keeps candles that may be read again. */
const KEPT_MS = 7 * 86_400_000;
/** Items that came since older ones were last dropped. */
const ITEMS_PER_PRUNING = 1_000;
/** Provider and venue of invented items, which count for candles of the venue of this name, and for no others. */
const DEMO = "demo";

const decoder = new TextDecoder();

interface Dated {
  validFrom: number;
  ttlMs: number;
}

/** Items of one class by asset, each asset's sorted by when they count from. */
class ItemsInForce<Item extends Dated> {
  readonly #byAsset = new Map<string, { source: string; item: Item }[]>();

  /** One item of a source and a minute replaces the earlier one of the same. */
  add(asset: string, source: string, item: Item): void {
    let entries = this.#byAsset.get(asset);
    if (entries === undefined) {
      entries = [];
      this.#byAsset.set(asset, entries);
    }
    let at = entries.length;
    for (; at > 0; at--) {
      const before = entries[at - 1] as { source: string; item: Item };
      if (before.item.validFrom < item.validFrom || (before.item.validFrom === item.validFrom && before.source > source)) break;
      if (before.item.validFrom === item.validFrom && before.source === source) {
        before.item = item;
        return;
      }
    }
    entries.splice(at, 0, { source, item });
  }

  /** The newest item that counts at a time, of several equally new ones that of the first source by name; null where it is past its time to live. */
  at(asset: string, timeMs: number): Item | null {
    const found = this.#byAsset.get(asset)?.findLast(({ item }) => item.validFrom <= timeMs)?.item ?? null;
    return found === null || timeMs >= found.validFrom + found.ttlMs ? null : found;
  }

  /** Drops what is long over; the newest item of each asset stays. */
  prune(): void {
    for (const [asset, entries] of this.#byAsset) {
      const newest = entries.at(-1)?.item.validFrom ?? 0;
      const from = entries.findIndex(({ item }) => item.validFrom >= newest - KEPT_MS);
      if (from > 0) this.#byAsset.set(asset, entries.slice(from));
    }
  }
}

/** What stream CONTEXT says, by asset and time. Which item counts at a time is a function of the messages, not of when they are read. */
export class ContextItems {
  readonly #sentiment = { demo: new ItemsInForce<SentimentItem>(), real: new ItemsInForce<SentimentItem>() };
  readonly #futures = { demo: new ItemsInForce<FuturesItem>(), real: new ItemsInForce<FuturesItem>() };
  #added = 0;

  /** Takes a message in; one that came too late, cannot be read or is of another class is passed over. */
  add(message: InputMessage): void {
    const kind = classOf(message.subject);
    if (kind === classOf(sentiment.template)) {
      const item = sentiment.schema.safeParse(parse(message.data)).data;
      if (item === undefined || isLate(item, message)) return;
      this.#sentiment[item.provider === DEMO ? "demo" : "real"].add(item.asset, item.provider, item);
    } else if (kind === classOf(futures.template)) {
      const item = futures.schema.safeParse(parse(message.data)).data;
      if (item === undefined || isLate(item, message)) return;
      this.#futures[item.venue === DEMO ? "demo" : "real"].add(item.asset, `${item.venue} ${item.instrument}`, item);
    }
    this.#added += 1;
    if (this.#added % ITEMS_PER_PRUNING !== 0) return;
    for (const items of [this.#sentiment.demo, this.#sentiment.real, this.#futures.demo, this.#futures.real]) items.prune();
  }

  /** The items in force for candles of a venue's instrument that close at a time, epoch milliseconds. */
  at(venue: string, instrument: string, timeMs: number): { sentiment: SentimentItem | null; futures: FuturesItem | null } {
    const kind = venue === DEMO ? "demo" : "real";
    const asset = assetOf(instrument);
    return { sentiment: this.#sentiment[kind].at(asset, timeMs), futures: this.#futures[kind].at(asset, timeMs) };
  }
}

/** The asset of a canonical instrument: what comes before the first dash. */
export function assetOf(instrument: string): string {
  return instrument.split("-", 1)[0] as string;
}

function isLate({ validFrom }: Dated, { storedMs }: InputMessage): boolean {
  return storedMs === undefined || storedMs > validFrom - LEAST_NOTICE_MS;
}

function parse(data: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(data));
  } catch {
    return null;
  }
}
