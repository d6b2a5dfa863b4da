import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { WebSocket } from "ws";
import { toIgnored, toQuote, toTrade } from "./events.ts";
import type { BinanceFeedOptions } from "./feed.ts";
import { type ParsedMessage, parseMessage } from "./parse.ts";
import { createPulse } from "./pulse.ts";
import { describeStatus } from "./rest-client.ts";
import { type BinanceMarket, canonicalName, venueOfMarket } from "./symbols.ts";
import type { VenueClock } from "./venue-clock.ts";

const STREAM_URLS: Readonly<Record<BinanceMarket, string>> = {
  spot: "wss://stream.binance.com:9443",
  usdm: "wss://fstream.binance.com",
  coinm: "wss://dstream.binance.com",
};
/** The venue ends a connection after 24 h; ours ends a little before. */
const RENEW_MS = 23.8 * 3_600_000;
const LIVENESS_MS = 60_000;
const HANDSHAKE_MS = 10_000;
const MAX_FRAME_BYTES = 4_194_304;
/** Close codes that say no more than that it is over. */
const PLAIN_CODES = new Set([1000, 1005, 1006]);

/** How a connection ended. */
export interface Ending {
  why: string;
  /** True where at least one message came. */
  delivered: boolean;
  /** How long the venue wants not to be asked again, 0 where it did not say. */
  retryAfterMs: number;
}

/** One WebSocket, from its opening to its end. */
export interface Connection {
  live(): boolean;
  close(): Promise<void>;
}

/** Opens one socket; `onEnd` is called once, also where it could not be opened. */
export function openConnection(
  options: BinanceFeedOptions,
  clock: VenueClock,
  reason: string,
  onEnd: (ending: Ending) => void,
): Connection {
  const { market = "spot", connection, instruments, onEvent, livenessMs = LIVENESS_MS, renewMs = RENEW_MS } = options;
  const receive = createReceiver(options, market, clock);
  const socket = new WebSocket(urlOf(options, market), {
    handshakeTimeout: HANDSHAKE_MS,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  const pulse = createPulse(socket, { clock, livenessMs, onTime: (timeUs) => onEvent({ kind: "time", timeUs }), onDead: end });
  const closed = Promise.withResolvers<void>();
  let renewTimer: NodeJS.Timeout | undefined;
  let why = "";
  let retryAfterMs = 0;
  let delivered = false;
  let opened = false;

  socket.on("open", () => {
    opened = true;
    const timeUs = clock.now();
    const venue = venueOfMarket(market);
    onEvent({ kind: "open", connection, venue, timeUs, instruments: [...instruments], reason, consecutiveIds: true, refill: "rest" });
    renewTimer = setTimeout(() => end("renewed before the venue's 24 h are over"), renewMs);
    pulse.start();
  });
  socket.on("message", (data) => {
    pulse.sign();
    delivered = true;
    receive(String(data), Date.now() * 1000);
  });
  socket.on("ping", pulse.sign).on("pong", (data) => pulse.pong(String(data)));
  socket.on("unexpected-response", (_request, response) => {
    const status = response.statusCode ?? 0;
    retryAfterMs = 1000 * (Number(response.headers["retry-after"]) || 0);
    end(`HTTP ${status}, ${describeStatus(status)}`);
  });
  socket.on("error", (error) => {
    why ||= error.message || "the connection failed";
  });
  socket.on("close", (code) => {
    pulse.stop();
    clearTimeout(renewTimer);
    why ||= PLAIN_CODES.has(code) ? "the connection was closed" : `the connection was closed with code ${code}`;
    if (opened) onEvent({ kind: "down", timeUs: clock.last(), reason: why });
    onEnd({ why, delivered, retryAfterMs });
    closed.resolve();
  });

  function end(cause: string): void {
    why = cause;
    socket.terminate();
  }

  async function close(): Promise<void> {
    if (socket.readyState !== WebSocket.OPEN) end("closed by us");
    why = "closed by us";
    socket.close(1000);
    const force = setTimeout(() => socket.terminate(), 1_000);
    await closed.promise;
    clearTimeout(force);
  }

  return { live: () => socket.readyState === WebSocket.OPEN, close };
}

/** Turns frames into events. */
function createReceiver(
  options: BinanceFeedOptions,
  market: BinanceMarket,
  clock: VenueClock,
): (text: string, receivedTimeUs: number) => void {
  const names = new Map(options.instruments.map(({ venueSymbol, instrument }) => [venueSymbol, instrument]));
  const { onEvent } = options;

  function refuse(raw: string, reason: string): void {
    const symbol = /"s":"([^"]{1,40})"/.exec(raw)?.[1];
    const instrument = symbol === undefined ? null : (names.get(symbol) ?? canonicalName(symbol, market));
    onEvent({ kind: "invalid", raw, reason, instrument });
  }

  return (text, receivedTimeUs) => {
    let message: ParsedMessage;
    try {
      message = parseMessage(text);
    } catch (error) {
      if (!(error instanceof InvalidMessageError)) throw error;
      refuse(text, error.message);
      return;
    }
    if (message.venueTimeUs !== null) clock.observe(receivedTimeUs, message.venueTimeUs);
    const name = message.symbol === null ? undefined : names.get(message.symbol);
    if (message.kind === "ignored") onEvent(toIgnored(message, name));
    else if (name === undefined) onEvent({ kind: "ignored", what: "not-subscribed" });
    else if (message.kind === "trade") onEvent({ kind: "trade", trade: toTrade(message, name, receivedTimeUs) });
    else onEvent({ kind: "quote", quote: toQuote(message, name, receivedTimeUs) });
  };
}

function urlOf(options: BinanceFeedOptions, market: BinanceMarket): string {
  const streams = options.instruments.flatMap(({ venueSymbol }) => [
    `${venueSymbol.toLowerCase()}@trade`,
    `${venueSymbol.toLowerCase()}@bookTicker`,
  ]);
  return `${(options.streamUrl ?? STREAM_URLS[market]).replace(/\/$/, "")}/stream?streams=${streams.join("/")}`;
}
