import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { answerRest, type RestMarket } from "./binance-rest-answers.ts";

/** A symbol that the server lists. */
export interface ServedSymbol {
  symbol: string;
  base: string;
  quote: string;
  tickSize: string;
  stepSize: string;
}

/** A trade as the venue knows it; prices and sizes as it writes them. */
export interface ServedTrade {
  id: number;
  price: string;
  size: string;
  /** Venue time, epoch ms. */
  timeMs: number;
  buyerIsMaker: boolean;
}

export interface ServedQuote {
  bid: string;
  bidSize: string;
  ask: string;
  askSize: string;
}

export interface BinanceServerOptions {
  symbols?: readonly ServedSymbol[];
  /** Trades that happened before, by symbol; REST gives them. */
  trades?: Readonly<Record<string, readonly ServedTrade[]>>;
  /** Time between the server's pings; the venue's is 20 s. */
  pingMs?: number;
  /** How far the venue's clock is ahead of the local one. */
  aheadMs?: number;
  /** Whether `historicalTrades` wants a key (any text will do). */
  wantsKey?: boolean;
  /** 0: a free one. */
  port?: number;
}

/** A local stand-in for Binance's spot market: combined streams, and the REST routes that an adapter asks. */
export interface BinanceServer extends AsyncDisposable {
  readonly port: number;
  readonly streamUrl: string;
  readonly restUrl: string;
  /** Paths with queries that were asked, in order. */
  readonly requests: readonly string[];
  /** Venue time, epoch ms. */
  now(): number;
  /** Sockets that are open. */
  clients(): number;
  /** The trade happens: REST knows it from now on, and the sockets that subscribed get it. */
  pushTrade(symbol: string, trade: ServedTrade): void;
  /** Sends a trade (again) without it happening. */
  sendTrade(symbol: string, trade: ServedTrade): void;
  pushBookTicker(symbol: string, quote: ServedQuote): void;
  /** Sends a frame as it is to every socket. */
  pushRaw(frame: string): void;
  /** Breaks every socket, and refuses all connections until `restore`. */
  cut(): void;
  restore(): void;
  /** Keeps the sockets open and says nothing on them, not even pongs; only a new connection works. */
  silence(): void;
  /** Every REST request, or every one with `only` in its path and query, is answered with this status until `null`. */
  refuseRest(status: number | null, retryAfterSeconds?: number, only?: string): void;
  /** REST requests are taken and not answered as long as this is on; then all that still wait are. */
  holdRest(on: boolean): void;
  /** REST requests that wait for their answer. */
  held(): number;
  /** Puts the venue's clock so far ahead of the local one; for before the first client. */
  setAhead(aheadMs: number): void;
  close(): Promise<void>;
}

const DEFAULT_SYMBOLS: readonly ServedSymbol[] = [
  { symbol: "BTCUSDT", base: "BTC", quote: "USDT", tickSize: "0.01000000", stepSize: "0.00001000" },
  { symbol: "ETHUSDT", base: "ETH", quote: "USDT", tickSize: "0.01000000", stepSize: "0.00010000" },
];

interface Client {
  socket: WebSocket;
  wire: Socket;
  streams: ReadonlySet<string>;
  silent: boolean;
}

/** Starts the server on 127.0.0.1. */
export async function startBinanceServer(options: BinanceServerOptions = {}): Promise<BinanceServer> {
  const market = createMarket(options);
  const clients = new Set<Client>();
  const wires = new Set<Socket>();
  const sockets = new WebSocketServer({ noServer: true });
  let isCut = false;

  const waiting: (() => void)[] = [];
  let isHeld = false;
  const http = createServer((request, response) => {
    if (isHeld) waiting.push(() => answer(market, request, response));
    else answer(market, request, response);
  });
  http.on("connection", (wire: Socket) => {
    if (isCut) wire.destroy();
    wires.add(wire);
    wire.on("close", () => wires.delete(wire));
  });
  http.on("upgrade", (request: IncomingMessage, wire: Socket, head: Buffer) => {
    const url = new URL(request.url ?? "/", "http://local");
    if (isCut || url.pathname !== "/stream") return void wire.destroy();
    const streams = new Set((url.searchParams.get("streams") ?? "").split("/"));
    sockets.handleUpgrade(request, wire, head, (socket) => {
      const client: Client = { socket, wire, streams, silent: false };
      clients.add(client);
      socket.on("close", () => clients.delete(client)).on("error", () => {});
    });
  });
  const pings = setInterval(() => {
    for (const { socket, silent } of clients) if (!silent) socket.ping(String(Date.now()));
  }, options.pingMs ?? 20_000);
  await new Promise<void>((resolve) => http.listen(options.port ?? 0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;

  function send(stream: string | null, frame: string): void {
    for (const client of clients) if (!client.silent && (stream === null || client.streams.has(stream))) client.socket.send(frame);
  }

  function sendTrade(symbol: string, trade: ServedTrade): void {
    const { id: t, price: p, size: q, timeMs: T, buyerIsMaker: m } = trade;
    const stream = `${symbol.toLowerCase()}@trade`;
    send(stream, JSON.stringify({ stream, data: { e: "trade", E: market.now(), s: symbol, t, p, q, T, m, M: true } }));
  }

  async function close(): Promise<void> {
    clearInterval(pings);
    for (const wire of wires) wire.destroy();
    sockets.close();
    await new Promise((resolve) => http.close(resolve));
  }

  return {
    port,
    streamUrl: `ws://127.0.0.1:${port}`,
    restUrl: `http://127.0.0.1:${port}`,
    requests: market.requests,
    now: () => market.now(),
    clients: () => clients.size,
    sendTrade,
    pushTrade(symbol, trade) {
      market.tradesOf(symbol).push(trade);
      sendTrade(symbol, trade);
    },
    pushBookTicker(symbol, quote) {
      market.quotes.set(symbol, quote);
      const stream = `${symbol.toLowerCase()}@bookTicker`;
      const { bid: b, bidSize: B, ask: a, askSize: A } = quote;
      send(stream, JSON.stringify({ stream, data: { u: market.nextUpdateId(), s: symbol, b, B, a, A } }));
    },
    pushRaw: (frame) => send(null, frame),
    cut() {
      isCut = true;
      for (const wire of wires) wire.destroy();
    },
    restore() {
      isCut = false;
    },
    silence() {
      for (const client of clients) {
        client.silent = true;
        client.wire.pause();
      }
    },
    refuseRest(status, retryAfterSeconds, only) {
      market.refusal = status === null ? null : { status, retryAfterSeconds: retryAfterSeconds ?? null, only: only ?? "" };
    },
    holdRest(on) {
      isHeld = on;
      if (!on) for (const reply of waiting.splice(0)) reply();
    },
    held: () => waiting.length,
    setAhead(aheadMs) {
      market.aheadMs = aheadMs;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function createMarket(options: BinanceServerOptions): RestMarket & { aheadMs: number } {
  const trades = new Map(Object.entries(options.trades ?? {}).map(([symbol, list]) => [symbol, [...list]]));
  let updateId = 1_000;
  return {
    aheadMs: options.aheadMs ?? 0,
    symbols: options.symbols ?? DEFAULT_SYMBOLS,
    quotes: new Map(),
    requests: [],
    wantsKey: options.wantsKey ?? true,
    refusal: null,
    now() {
      return Date.now() + this.aheadMs;
    },
    nextUpdateId: () => ++updateId,
    tradesOf(symbol) {
      const known = trades.get(symbol) ?? [];
      trades.set(symbol, known);
      return known;
    },
  };
}

function answer(market: RestMarket, request: IncomingMessage, response: ServerResponse): void {
  const { status, body, headers } = answerRest(
    market,
    new URL(request.url ?? "/", "http://local"),
    request.headers["x-mbx-apikey"] !== undefined,
  );
  response.writeHead(status, { "content-type": "application/json;charset=UTF-8", ...headers });
  response.end(JSON.stringify(body));
}
