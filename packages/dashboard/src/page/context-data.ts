import type { Signal } from "@preact/signals";
import type { Client } from "@tickfleet/client/client";
import type { LiveConnection } from "@tickfleet/client/live-connection";
import { absentPart, newerOf, readWhenThere } from "./part.ts";
import type { FuturesRow, SentimentRow } from "./rows.ts";
import { futuresOf, type Part, sentimentOf } from "./store.ts";

/** Where an asset's context comes from: invented context belongs to the demo market alone, real context to every other venue. */
interface Sources {
  provider: string;
  asset: string;
  /** Venue and name of the perpetual contract. */
  venue: string;
  instrument: string;
}

/** What is known of an asset beside its trades: keeps the newest sentiment and the newest state of its perpetual contract. */
export class ContextData {
  readonly #client: Client;
  readonly #live: LiveConnection;
  #sources: Sources | null = null;
  #stops: (() => void)[] = [];

  constructor(client: Client, live: LiveConnection) {
    this.#client = client;
    this.#live = live;
  }

  /** @param name such as `BTC-USDT`, whose asset is BTC */
  show(marketVenue: string, name: string): void {
    const sources = sourcesOf(marketVenue, name);
    if (JSON.stringify(sources) === JSON.stringify(this.#sources)) return;
    this.#sources = sources;
    for (const stop of this.#stops) stop();
    const { provider, asset, venue, instrument } = sources;
    this.#stops = [
      this.#follow<SentimentRow>(sentimentOf, "sentiment", [
        ["provider", provider],
        ["asset", asset],
      ]),
      this.#follow<FuturesRow>(futuresOf, "futures", [
        ["venue", venue],
        ["instrument", instrument],
      ]),
    ];
  }

  /** Shows the newest row of a list, and what comes on the channel of that name; returns what ends it. */
  #follow<Row extends { time: number }>(shown: Signal<Part<Row | null>>, list: string, of: readonly [string, string][]): () => void {
    const abort = new AbortController();
    const { signal } = abort;
    const tellAbsent = (error: unknown): void => {
      if (!signal.aborted && shown.value.state !== "ready") shown.value = absentPart(error, list);
    };
    const read = () => this.#client.page<Row>(list, { ...Object.fromEntries(of), limit: 1 }, { signal });
    const load = (): Promise<void> =>
      readWhenThere(read, signal, tellAbsent)
        .then(({ data }) => {
          if (!signal.aborted) shown.value = newerOf(shown.value, data.at(-1) ?? null);
        })
        .catch(tellAbsent);
    shown.value = { state: "loading" };
    const stop = this.#live.subscribe<Row>([list, ...of.map(([, value]) => value)].join(":"), {}, (message) => {
      if (message.type === "update") shown.value = newerOf(shown.value, message.data);
      if (message.type === "resync") void load();
    });
    void load();
    return () => {
      stop();
      abort.abort();
    };
  }
}

function sourcesOf(marketVenue: string, name: string): Sources {
  const asset = name.split("-")[0] as string;
  const isDemo = marketVenue === "demo";
  return { provider: isDemo ? "demo" : "fleet", asset, venue: isDemo ? "demo" : "binance-usdm", instrument: `${asset}-USDT-PERP` };
}
