import { sentiment } from "../../packages/contracts/src/context-messages.ts";
import { filterOf, type MessageDefinition } from "../../packages/contracts/src/message.ts";
import { pattern, signal } from "../../packages/contracts/src/pattern-messages.ts";
import { openOrderedReader } from "../../packages/runtime/src/ordered-reader.ts";
import type { ServiceUnderTest } from "../../packages/testkit/src/process.ts";
import { type TcpProxy, tcpProxy } from "../../packages/testkit/src/tcp-proxy.ts";
import { DEMO_VENUE } from "../../packages/venues/src/demo/instruments.ts";
import { type EnrichedCandle, messageOf } from "../../services/pattern-detector/test/enriched-script.ts";
import { DemoFleet } from "./demo-fleet.ts";

const MOST_IN_BATCH = 500;
const JUDGED_MS = 60_000;

/** A message as its stream holds it, its text without stamps. */
export interface StoredMessage {
  subject: string;
  id: string;
  text: string;
  storedMs: number;
}

/** Broker, database, sentiment and pattern-detector of their own; sentiment reaches its broker over a wire that a test may stall. */
export class ContextFleet implements AsyncDisposable {
  readonly servers: DemoFleet;
  readonly wire: TcpProxy;
  readonly #schedule: string;
  #sentiment: ServiceUnderTest | null = null;
  #published = 0;

  private constructor(servers: DemoFleet, wire: TcpProxy, schedule: string) {
    this.servers = servers;
    this.wire = wire;
    this.#schedule = schedule;
  }

  /** @param schedule when sentiment makes its values */
  static async open(schedule: string): Promise<ContextFleet> {
    const servers = await DemoFleet.open();
    const fleet = new ContextFleet(servers, await tcpProxy(servers.nats.url), schedule);
    await servers.start("pattern-detector");
    return fleet;
  }

  get sentiment(): ServiceUnderTest {
    if (this.#sentiment === null) throw new Error("sentiment was not started");
    return this.#sentiment;
  }

  async startSentiment(): Promise<void> {
    const source = { SENTIMENT_SOURCES: "demo", SENTIMENT_SCHEDULE: this.#schedule };
    this.#sentiment = await this.servers.start("sentiment", { ...source, NATS_URL: this.wire.urlFor(this.servers.nats.url) });
  }

  /** Makes markets known to sentiment, which looks for nothing before. */
  async insertMarkets(markets: readonly string[]): Promise<void> {
    await this.servers.database.query(
      `insert into ingest.instruments (venue, instrument, venue_symbol, calendar, kind, contract_size, price_scale, size_scale, close_delay_ms)
       select $1, market, market, 'crypto', 'spot', 1, 2, 5, 250 from unnest($2::text[]) as market`,
      [DEMO_VENUE, markets],
    );
  }

  /** How many values of a time are stored and not published. */
  async unpublished(timeMs: number): Promise<number> {
    const rows = await this.servers.database.query(
      "select from sentiment.sentiment_scores where time = to_timestamp($1::float8 / 1000) and value is not null and published_time is null",
      [timeMs],
    );
    return rows.length;
  }

  async publish(candles: readonly EnrichedCandle[]): Promise<void> {
    const messages = candles.map((candle) => messageOf(candle, `candle-${this.#published++}`));
    for (let i = 0; i < messages.length; i += MOST_IN_BATCH) await this.servers.bus.publishBatch(messages.slice(i, i + MOST_IN_BATCH));
  }

  /** Resolves when all candles that were published are judged. */
  async judged(): Promise<void> {
    const deadline = Date.now() + JUDGED_MS;
    for (;;) {
      const done = await this.servers.database.query("select from pattern_detector.bars where surroundings is not null");
      if (done.length === this.#published) return;
      if (Date.now() > deadline) throw new Error(`${done.length} of ${this.#published} candles are judged\n${this.servers.logged()}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Every row of the detector's tables as text, in key order. */
  async rows(): Promise<Record<"bars" | "patterns" | "signals", string[]>> {
    const read = async (table: string, more = ""): Promise<string[]> => {
      const rows = await this.servers.database.query<{ line: string }>(
        `select to_json(row)::text as line from pattern_detector.${table} as row order by venue, instrument, timeframe, open_time${more}`,
      );
      return rows.map(({ line }) => line);
    };
    return { bars: await read("bars"), patterns: await read("patterns", ", kind"), signals: await read("signals") };
  }

  /** Messages of patterns and signals by stream and partition, in their order. */
  async outputs(): Promise<Record<string, string[]>> {
    const byPartition: Record<string, string[]> = {};
    for (const definition of [pattern, signal]) {
      for (const { subject, id, text } of await this.#messages(definition)) {
        const partition = `${definition.stream} ${subject.split(".")[3]}`;
        byPartition[partition] ??= [];
        byPartition[partition].push(`${subject} ${id} ${text}`);
      }
    }
    return byPartition;
  }

  /** Values that sentiment published, by subject and then by when they count. */
  async values(): Promise<(StoredMessage & { time: number; validFrom: number })[]> {
    const messages = await this.#messages(sentiment);
    const values = messages.map((message) => ({ ...message, ...(JSON.parse(message.text) as { time: number; validFrom: number }) }));
    return values.sort((a, b) => (a.subject === b.subject ? a.validFrom - b.validFrom : a.subject < b.subject ? -1 : 1));
  }

  async #messages(definition: MessageDefinition): Promise<StoredMessage[]> {
    const { stream } = definition;
    if (stream === null) throw new Error(`${definition.name} is in no stream`);
    const { lastSeq } = await this.servers.bus.streamPosition(stream);
    const reader = await openOrderedReader(this.servers.bus, stream, 1, [filterOf(definition)]);
    const messages: StoredMessage[] = [];
    for (let seq = 0; seq < lastSeq; ) {
      for (const message of await reader.take(1_000, 2_000)) {
        seq = message.seq;
        const text = Buffer.from(message.data)
          .toString()
          .replace(/,"stamps":\{[^{}]*\}\}$/, "}");
        messages.push({ subject: message.subject, id: message.id, text, storedMs: message.storedMs ?? Number.NaN });
      }
    }
    await reader.close();
    return messages;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.servers[Symbol.asyncDispose]();
    await this.wire.close();
  }
}
