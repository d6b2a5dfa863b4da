import type { Client } from "@tickfleet/client/client";
import { GatewayError } from "@tickfleet/client/gateway-error";
import type { LiveConnection } from "@tickfleet/client/live-connection";
import { absentPart } from "./market-data.ts";
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
    sentimentOf.value = { state: "loading" };
    futuresOf.value = { state: "loading" };
    const { provider, asset, venue, instrument } = sources;
    this.#stops = [
      this.#live.subscribe<SentimentRow>(`sentiment:${provider}:${asset}`, {}, (message) => {
        if (message.type === "update") sentimentOf.value = { state: "ready", value: message.data };
        if (message.type === "resync") void this.#loadSentiment(sources);
      }),
      this.#live.subscribe<FuturesRow>(`futures:${venue}:${instrument}`, {}, (message) => {
        if (message.type === "update") futuresOf.value = { state: "ready", value: message.data };
        if (message.type === "resync") void this.#loadFutures(sources);
      }),
    ];
    void this.#loadSentiment(sources);
    void this.#loadFutures(sources);
  }

  async #loadSentiment(sources: Sources): Promise<void> {
    const { provider, asset } = sources;
    try {
      const { data } = await this.#client.page<SentimentRow>("sentiment", { provider, asset, limit: 1 });
      // a message that came meanwhile is newer
      if (sources !== this.#sources || sentimentOf.value.state === "ready") return;
      sentimentOf.value = { state: "ready", value: data.at(-1) ?? null };
    } catch (error) {
      if (sources === this.#sources) sentimentOf.value = absentPart(error, "sentiment");
    }
  }

  async #loadFutures(sources: Sources): Promise<void> {
    const { venue, instrument } = sources;
    try {
      const { data } = await this.#client.page<FuturesRow>("futures", { venue, instrument, limit: 1 });
      if (sources !== this.#sources || futuresOf.value.state === "ready") return;
      futuresOf.value = { state: "ready", value: data.at(-1) ?? null };
    } catch (error) {
      if (sources !== this.#sources) return;
      const isUnknown = error instanceof GatewayError && error.code === "unknown-instrument";
      futuresOf.value = isUnknown ? { state: "ready", value: null } : absentPart(error, "futures");
    }
  }
}

function sourcesOf(marketVenue: string, name: string): Sources {
  const asset = name.split("-")[0] as string;
  const isDemo = marketVenue === "demo";
  return { provider: isDemo ? "demo" : "fleet", asset, venue: isDemo ? "demo" : "binance-usdm", instrument: `${asset}-USDT-PERP` };
}
