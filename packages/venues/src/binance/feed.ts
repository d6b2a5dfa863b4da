import type { Instrument } from "@tickfleet/market/instrument";
import type { SourceEvent } from "../source.ts";
import { type Connection, openConnection } from "./connection.ts";
import type { BinanceMarket } from "./symbols.ts";
import { createVenueClock } from "./venue-clock.ts";

/** Streams on one connection (two for each instrument). */
const MAX_STREAMS = 200;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 30_000;

export interface BinanceFeedOptions {
  market?: BinanceMarket;
  /** At most 100; see `groupInstruments`. */
  instruments: readonly Instrument[];
  /** Name of the connection in clocks and status, such as `binance-1`. */
  connection: string;
  onEvent: (event: SourceEvent) => void;
  /** Told in words of everything that an operator may want to know. */
  onNotice?: (notice: string) => void;
  /** In place of the market's own, such as `ws://127.0.0.1:9443`. */
  streamUrl?: string | undefined;
  /** Local minus venue time in microseconds, where it was measured; else the messages tell it. */
  offsetUs?: number;
  /** After so long without any frame, a pong included, the connection is given up; default 60 s. */
  livenessMs?: number;
  /** Age at which a connection is renewed; default a little under 24 h. */
  renewMs?: number;
  backoffFirstMs?: number;
  backoffMaxMs?: number;
  /** In 0..1; for the jitter of the backoff. */
  random?: () => number;
}

export interface BinanceFeed {
  connected(): boolean;
  /** Local minus venue time in microseconds, null until known. */
  offsetUs(): number | null;
  /** Ends the connection for good, after a last `down`. */
  close(): Promise<void>;
}

/** Lists short enough for one connection each. */
export function groupInstruments(instruments: readonly Instrument[]): Instrument[][] {
  const size = MAX_STREAMS / 2;
  return Array.from({ length: Math.ceil(instruments.length / size) }, (_, i) => instruments.slice(i * size, (i + 1) * size));
}

/**
 * Keeps one connection of combined streams (trades and best bid and offer) open: answers pings, gives up a silent
 * connection, renews it before the venue's 24 h are over, and comes back with exponential backoff and full jitter.
 * @throws RangeError for no instruments, or more than one connection carries
 * @see https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
 */
export function openBinanceFeed(options: BinanceFeedOptions): BinanceFeed {
  if (options.instruments.length === 0 || options.instruments.length * 2 > MAX_STREAMS) {
    throw new RangeError(`a connection carries 1 to ${MAX_STREAMS / 2} instruments, asked for ${options.instruments.length}`);
  }
  const { connection, backoffFirstMs = BACKOFF_FIRST_MS, backoffMaxMs = BACKOFF_MAX_MS, random = Math.random } = options;
  const clock = createVenueClock(options.offsetUs ?? null);
  let current: Connection | null = null;
  let retryTimer: NodeJS.Timeout | undefined;
  let failures = 0;
  let closed = false;

  function connect(reason: string): void {
    current = openConnection(options, clock, reason, ({ why, delivered, retryAfterMs }) => {
      current = null;
      if (closed) return;
      failures = delivered ? 0 : failures + 1;
      const waitMs = Math.max(retryAfterMs, random() * Math.min(backoffMaxMs, backoffFirstMs * 2 ** failures));
      options.onNotice?.(`${connection}: ${why}; trying again in ${Math.round(waitMs)} ms`);
      retryTimer = setTimeout(() => connect(`connected again after: ${why}`), waitMs);
    });
  }

  connect("connected");
  return {
    connected: () => current?.live() ?? false,
    offsetUs: () => clock.offsetUs(),
    close: async () => {
      closed = true;
      clearTimeout(retryTimer);
      await current?.close();
    },
  };
}
