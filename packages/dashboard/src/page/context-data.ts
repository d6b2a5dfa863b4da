import type { Client } from "@tickfleet/client/client";
import { GatewayError } from "@tickfleet/client/gateway-error";
import type { LiveConnection } from "@tickfleet/client/live-connection";
import { absentPart, newerOf, readWhenThere } from "./part.ts";
import type { FuturesRow, SentimentRow } from "./rows.ts";
import { futuresOf, sentimentOf } from "./store.ts";

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
  #abort = new AbortController();

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
    this.#abort.abort();
    this.#abort = new AbortController();
    sentimentOf.value = { state: "loading" };
    futuresOf.value = { state: "loading" };
    const { provider, asset, venue, instrument } = sources;
    this.#stops = [
      this.#live.subscribe<SentimentRow>(`sentiment:${provider}:${asset}`, {}, (message) => {
        if (message.type === "update") sentimentOf.value = newerOf(sentimentOf.value, message.data);
        if (message.type === "resync") void this.#loadSentiment(sources);
      }),
      this.#live.subscribe<FuturesRow>(`futures:${venue}:${instrument}`, {}, (message) => {
        if (message.type === "update") futuresOf.value = newerOf(futuresOf.value, message.data);
        if (message.type === "resync") void this.#loadFutures(sources);
      }),
    ];
    void this.#loadSentiment(sources);
    void this.#loadFutures(sources);
  }

  async #loadSentiment({ provider, asset }: Sources): Promise<void> {
    const { signal } = this.#abort;
    const tellAbsent = (error: unknown): void => {
      if (sentimentOf.value.state !== "ready") sentimentOf.value = absentPart(error, "sentiment");
    };
    try {
      const read = () => this.#client.page<SentimentRow>("sentiment", { provider, asset, limit: 1 }, { signal });
      const { data } = await readWhenThere(read, signal, tellAbsent);
      if (!signal.aborted) sentimentOf.value = newerOf(sentimentOf.value, data.at(-1) ?? null);
    } catch (error) {
      if (!signal.aborted) tellAbsent(error);
    }
  }

  async #loadFutures({ venue, instrument }: Sources): Promise<void> {
    const { signal } = this.#abort;
    const tellAbsent = (error: unknown): void => {
      if (futuresOf.value.state !== "ready") futuresOf.value = absentPart(error, "futures");
    };
    try {
      const read = () => this.#client.page<FuturesRow>("futures", { venue, instrument, limit: 1 }, { signal });
      const { data } = await readWhenThere(read, signal, tellAbsent);
      if (!signal.aborted) futuresOf.value = newerOf(futuresOf.value, data.at(-1) ?? null);
    } catch (error) {
      if (signal.aborted) return;
      const isUnknown = error instanceof GatewayError && error.code === "unknown-instrument";
      if (isUnknown) futuresOf.value = newerOf(futuresOf.value, null);
      else tellAbsent(error);
    }
  }
}

function sourcesOf(marketVenue: string, name: string): Sources {
  const asset = name.split("-")[0] as string;
  const isDemo = marketVenue === "demo";
  return { provider: isDemo ? "demo" : "fleet", asset, venue: isDemo ? "demo" : "binance-usdm", instrument: `${asset}-USDT-PERP` };
}
