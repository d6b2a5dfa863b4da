import { fileURLToPath } from "node:url";
import { candle } from "../../packages/contracts/src/candle-messages.ts";
import { clock, gap, status } from "../../packages/contracts/src/market-messages.ts";
import { filterOf, type MessageDefinition, type Payload } from "../../packages/contracts/src/message.ts";
import { viewGrants } from "../../packages/contracts/src/view-grants.ts";
import { migrate } from "../../packages/database/src/migrator.ts";
import { type Bus, openBus } from "../../packages/runtime/src/bus.ts";
import { provisionStreams } from "../../packages/runtime/src/provision.ts";
import { type BinanceServer, type ServedTrade, startBinanceServer } from "../../packages/testkit/src/binance-server.ts";
import { startDatabase, type TestDatabase } from "../../packages/testkit/src/database.ts";
import { startNats } from "../../packages/testkit/src/nats.ts";
import { type ServiceUnderTest, spawnService } from "../../packages/testkit/src/process.ts";
import { scratchFolder } from "../../packages/testkit/src/scratch.ts";
import { type Tick, ticks } from "./recorded-ticks.ts";

export const MINUTE_MS = 60_000;
const PACE_MS = 160;
const FEED_MS = 20;
const INSTRUMENTS: Readonly<Record<string, string>> = { BTCUSDT: "BTC-USDT", ETHUSDT: "ETH-USDT" };

export type CandleMessage = Payload<typeof candle>;

/** A message and the venue time at which it was heard, epoch milliseconds. */
export interface Heard<T> {
  atMs: number;
  message: T;
}

/** Stretches of venue time in which a symbol trades, epoch milliseconds; null: always. */
export type Hours = readonly (readonly [from: number, to: number])[] | null;

/** Exact totals of trades as the venue knows them, each the double nearest to its value. */
export interface Totals {
  trades: number;
  volumeBase: number;
  volumeBuy: number;
  volumeSell: number;
  volumeQuote: number;
  open: number | null;
  high: number | null;
  low: number | null;
  close: number | null;
}

/** Broker, database, ingest and aggregator of their own, fed by a local Binance whose clock stands where the test wants it. */
export class LiveFleet implements AsyncDisposable {
  readonly venue: BinanceServer;
  readonly database: TestDatabase;
  readonly candles: Heard<CandleMessage>[] = [];
  readonly clocks: Heard<Payload<typeof clock>>[] = [];
  readonly statuses: Heard<Payload<typeof status>>[] = [];
  readonly gaps: Heard<Payload<typeof gap>>[] = [];
  readonly #done: AsyncDisposableStack;
  readonly #trades = new Map<string, ServedTrade[]>();
  readonly #feeds: NodeJS.Timeout[] = [];
  #ingest: ServiceUnderTest | null = null;
  #aggregator: ServiceUnderTest | null = null;
  #tick = 0;

  private constructor(venue: BinanceServer, database: TestDatabase, done: AsyncDisposableStack) {
    this.venue = venue;
    this.database = database;
    this.#done = done;
  }

  /**
   * Starts everything and resolves as ingest is about to connect.
   * @param leadMs how long before a full minute of venue time that is
   */
  static async open(leadMs: number, env: Readonly<Record<string, string>> = {}): Promise<LiveFleet> {
    const done = new AsyncDisposableStack();
    const [nats, database] = await Promise.all([startNats(), startDatabase()]);
    done.defer(() => database.close());
    done.defer(() => nats.close());
    const bus = await openBus({ url: nats.url, name: "live-test" });
    done.defer(() => bus.close());
    await provisionStreams(bus);
    for (const service of ["ingest", "aggregator"]) {
      const grants = viewGrants.map(({ reader, views }) => ({ reader, views: views.filter((view) => view.startsWith(`${service}.`)) }));
      const folder = fileURLToPath(new URL(`../../services/${service}/migrations`, import.meta.url));
      await migrate({ url: database.url, service, folder, grants });
    }
    const servers = { NATS_URL: nats.url, DATABASE_URL: database.url, LOG_LEVEL: "info" };
    const aggregator = await spawnService("aggregator", servers);
    done.use(aggregator);
    const venue = await startBinanceServer();
    venue.holdRest(true);
    done.defer(() => venue.close());
    const fleet = new LiveFleet(venue, database, done);
    fleet.#listen(bus);
    fleet.#aggregator = aggregator;
    fleet.#ingest = await spawnService("ingest", {
      ...servers,
      INGEST_SPOOL_DIR: scratchFolder("live-spool"),
      INGEST_SOURCES: "binance",
      INGEST_BINANCE_INSTRUMENTS: Object.values(INSTRUMENTS).join(),
      INGEST_BINANCE_WS_URL: venue.streamUrl,
      INGEST_BINANCE_REST_URL: venue.restUrl,
      INGEST_BINANCE_RECONNECT_MS: "1000",
      ...env,
    });
    done.use(fleet.#ingest);
    done.defer(() => fleet.#feeds.forEach(clearInterval));
    // starting takes as long as it takes; the venue's clock stands where the test wants it when ingest first asks
    await fleet.until(() => venue.held() > 0, 60_000, "ingest asks for the instruments");
    venue.setAhead((2 * MINUTE_MS - leadMs - (Date.now() % MINUTE_MS)) % MINUTE_MS);
    venue.holdRest(false);
    return fleet;
  }

  get now(): number {
    return this.venue.now();
  }

  /** Resolves when the connection is up and its clock runs; gives the first full minute that is at least so far away. */
  async live(aheadMs: number): Promise<number> {
    await this.until(() => this.clocks.length > 0, 60_000, "a first clock");
    return Math.ceil((this.now + aheadMs) / MINUTE_MS) * MINUTE_MS;
  }

  /** Lets a symbol trade from now on, several times a second, now and then twice in one millisecond. */
  trade(symbol: string, hours: Hours): void {
    let dueMs = this.now;
    const timer = setInterval(() => {
      for (; dueMs <= this.now; dueMs += PACE_MS) {
        if (hours !== null && !hours.some(([from, to]) => dueMs >= from && dueMs < to)) continue;
        for (let i = 0; i <= (dueMs / PACE_MS) % 4; i += 3) this.push(symbol);
      }
    }, FEED_MS);
    this.#feeds.push(timer);
  }

  /** The next trade of the recording happens now. */
  push(symbol: string): ServedTrade {
    const known = this.#trades.get(symbol) ?? [];
    const tick = ticks[this.#tick++ % ticks.length] as Tick;
    const trade: ServedTrade = { ...tick, id: (known.at(-1)?.id ?? 1_000) + 1, timeMs: this.now };
    known.push(trade);
    this.#trades.set(symbol, known);
    this.venue.pushTrade(symbol, trade);
    return trade;
  }

  /** A copy of the newest trade, with something in it that cannot be, comes over the wire. */
  sendImpossible(symbol: string, fault: Partial<ServedTrade>): void {
    this.venue.sendTrade(symbol, { ...(this.#trades.get(symbol)?.at(-1) as ServedTrade), ...fault });
  }

  /** What the venue traded of a symbol in a minute. */
  totals(symbol: string, openMs: number): Totals {
    const trades = (this.#trades.get(symbol) ?? []).filter(({ timeMs }) => timeMs >= openMs && timeMs < openMs + MINUTE_MS);
    const prices = trades.map(({ price }) => Number(price));
    const sum = (which: readonly ServedTrade[], of: (trade: ServedTrade) => bigint): bigint =>
      which.reduce((total, trade) => total + of(trade), 0n);
    const size = (trade: ServedTrade): bigint => integer(trade.size);
    return {
      trades: trades.length,
      volumeBase: decimal(sum(trades, size), 8),
      volumeBuy: decimal(
        sum(
          trades.filter(({ buyerIsMaker }) => !buyerIsMaker),
          size,
        ),
        8,
      ),
      volumeSell: decimal(
        sum(
          trades.filter(({ buyerIsMaker }) => buyerIsMaker),
          size,
        ),
        8,
      ),
      volumeQuote: decimal(
        sum(trades, (trade) => integer(trade.price) * integer(trade.size)),
        16,
      ),
      open: prices[0] ?? null,
      high: prices.length === 0 ? null : Math.max(...prices),
      low: prices.length === 0 ? null : Math.min(...prices),
      close: prices.at(-1) ?? null,
    };
  }

  /** Everything that was said of a minute, in order. */
  minute(symbol: string, openMs: number): Heard<CandleMessage>[] {
    const name = INSTRUMENTS[symbol];
    return this.candles.filter(({ message }) => message.instrument === name && message.timeframe === "1m" && message.openTime === openMs);
  }

  /** The story of a minute in a word for each message, such as `closed 0 partial`. */
  story(symbol: string, openMs: number): string[] {
    return this.minute(symbol, openMs).map(({ message: { state, revision, completeness } }) => `${state} ${revision} ${completeness}`);
  }

  /** Totals as the newest message of a minute has them. */
  told(symbol: string, openMs: number): Totals | null {
    const last = this.minute(symbol, openMs).at(-1)?.message;
    if (last === undefined) return null;
    const { trades, volumeBase, volumeBuy, volumeSell, volumeQuote, open, high, low, close } = last;
    return { trades, volumeBase, volumeBuy, volumeSell, volumeQuote, open, high, low, close };
  }

  gapsOf(symbol: string): Heard<Payload<typeof gap>>[] {
    return this.gaps.filter(({ message }) => message.instrument === INSTRUMENTS[symbol]);
  }

  /** The table's rows of a symbol's minutes, with what the newest messages say. */
  async rowsAndMessages(symbol: string): Promise<{ rows: unknown[]; messages: unknown[] }> {
    const rows = await this.database.query(
      `select (extract(epoch from open_time) * 1000)::float8 as "openTime", state, revision, completeness, trades::int, volume_base as "volumeBase"
       from aggregator.pub_candles where instrument = $1 and timeframe = '1m' and state <> 'forming' order by open_time`,
      [INSTRUMENTS[symbol]],
    );
    const newest = new Map<number, unknown>();
    for (const { message } of this.candles) {
      const { openTime, state, revision, completeness, trades, volumeBase } = message;
      if (message.instrument === INSTRUMENTS[symbol] && message.timeframe === "1m")
        newest.set(openTime, { openTime, state, revision, completeness, trades, volumeBase });
    }
    return { rows, messages: [...newest].sort(([a], [b]) => a - b).map(([, value]) => value) };
  }

  /** The value of a counter of ingest. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.#ingest?.opsPort}/metrics`)).text();
    return Number(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "m").exec(text)?.[1]);
  }

  /** Resolves at a venue time. */
  at(timeMs: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, Math.max(0, timeMs - this.now)));
  }

  /** Resolves when a condition holds. */
  async until(holds: () => boolean, timeoutMs: number, what: string): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!holds()) {
      if (Date.now() > deadline) throw new Error(`${what}: not after ${timeoutMs / 1000} s\n${this.logged()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Last lines of both services. */
  logged(): string {
    return [this.#ingest, this.#aggregator].flatMap((service) => [`${service?.name}:`, ...(service?.lines.slice(-12) ?? [])]).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#done.disposeAsync();
  }

  #listen(bus: Bus): void {
    const keep = <D extends MessageDefinition>(definition: D, into: Heard<Payload<D>>[]): void => {
      bus.subscribeCore(filterOf(definition), (_subject, data) => {
        into.push({ atMs: this.now, message: JSON.parse(new TextDecoder().decode(data)) as Payload<D> });
      });
    };
    keep(candle, this.candles);
    keep(clock, this.clocks);
    keep(status, this.statuses);
    keep(gap, this.gaps);
  }
}

/** Figures for whoever watches. */
export function say(text: string): void {
  process.stderr.write(`  live ${text}\n`);
}

/** A decimal of Binance, which has 8 places, in units of the last one. */
function integer(text: string): bigint {
  const [whole = "0", rest = ""] = text.split(".");
  return BigInt(whole + rest.padEnd(8, "0"));
}

function decimal(value: bigint, places: number): number {
  const digits = value.toString().padStart(places + 1, "0");
  return Number(`${digits.slice(0, -places)}.${digits.slice(-places)}`);
}
