import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Bus } from "@tickfleet/runtime/bus";
import type { Logger } from "@tickfleet/runtime/logger";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import { MAX_SNAPSHOT } from "./candle-snapshot.ts";
import { LiveCandles } from "./live-candles.ts";
import type { ApiStore } from "./store.ts";
import { StreamClient, shedLoad } from "./stream-client.ts";
import { isOriginAllowed } from "./stream-origin.ts";

export const STREAM_PATH = "/api/v1/stream";
/** Bytes that wait in the sockets of all clients together. */
const MAX_BUFFERED_BYTES = 268_435_456;
const MAX_FRAME_BYTES = 65_536;
const MAX_CONTROL_PER_SECOND = 10;
const HEARTBEAT_MS = 5_000;
const PING_MS = 20_000;
const SILENT_MS = 60_000;
const FLUSH_MS = 20;
const CLOSE_LIMIT = 4009;
const CLOSE_RESTART = 1012;
const CLOSE_OVERLOADED = 1013;
/** Clients come back spread over this time. */
const RECONNECT_LEAST_MS = 250;
const RECONNECT_SPREAD_MS = 4_750;
/** More refused control messages than this in one second end the connection. */
const MAX_REFUSED_PER_SECOND = 100;

const id = z
  .union([z.string().max(100), z.number()])
  .nullable()
  .default(null);
const channels = z.array(z.string().max(300)).min(1).max(1_024);
const controlSchema = z.discriminatedUnion("op", [
  z.object({ op: z.literal("subscribe"), id, channels, snapshot: z.number().int().min(0).max(MAX_SNAPSHOT).default(0) }),
  z.object({ op: z.literal("unsubscribe"), id, channels }),
  z.object({ op: z.literal("list"), id }),
  z.object({ op: z.literal("ping"), id }),
]);
type Control = z.infer<typeof controlSchema>;

export interface StreamOptions {
  server: Server;
  bus: Bus;
  store: ApiStore;
  logger: Pick<Logger, "warn">;
  maxConnections: number;
  /** Origins whose pages may open a stream beside those of the gateway's own host (stream-origin.ts). */
  allowedOrigins: readonly string[];
}

export interface CandleStream {
  connections(): number;
  /** Tells every client that the gateway restarts, and closes. */
  close(): Promise<void>;
}

/** Serves live candles over WebSocket on `/api/v1/stream`. */
export function openCandleStream(options: StreamOptions): CandleStream {
  const { server, bus, store, logger, maxConnections, allowedOrigins } = options;
  const clients = new Set<StreamClient>();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  const live = new LiveCandles(
    bus,
    (message) => {
      for (const client of clients) client.offer(message);
    },
    () => void resync(),
  );

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // the server watches the socket no longer: unheard, a reset by the peer would end the process
    socket.on("error", () => socket.destroy());
    if ((request.url ?? "/").split("?", 1)[0] !== STREAM_PATH) {
      refuse(socket, "404 Not Found", `there is no stream there: it is ${STREAM_PATH}`);
      return;
    }
    const { origin, host } = request.headers;
    if (!isOriginAllowed(origin, host, allowedOrigins)) {
      refuse(
        socket,
        "403 Forbidden",
        `pages of ${JSON.stringify(origin?.slice(0, 200))} may not open a stream: add the origin to API_ALLOWED_ORIGINS`,
      );
      return;
    }
    sockets.handleUpgrade(request, socket, head, accept);
  };
  server.on("upgrade", onUpgrade);

  const timers = [
    setInterval(() => {
      for (const client of clients) client.send({ type: "heartbeat", serverTimeMs: Date.now(), sent: client.sent });
    }, HEARTBEAT_MS),
    setInterval(() => {
      for (const client of clients) client.flush(performance.now());
      shedLoad(clients, MAX_BUFFERED_BYTES);
    }, FLUSH_MS),
    setInterval(() => {
      for (const client of clients) {
        if (Date.now() - client.lastPongMs > SILENT_MS) client.terminate();
        else client.ping();
      }
    }, PING_MS),
  ];

  return {
    connections: () => clients.size,
    async close() {
      for (const timer of timers) clearInterval(timer);
      server.off("upgrade", onUpgrade);
      live.close();
      const gone = [...sockets.clients].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
      for (const client of clients) {
        client.send({ type: "shutdown", reconnectInMs: Math.round(RECONNECT_LEAST_MS + Math.random() * RECONNECT_SPREAD_MS) });
        client.close(CLOSE_RESTART, "the gateway restarts");
      }
      await Promise.all(gone);
      sockets.close();
    },
  };

  function accept(socket: WebSocket): void {
    socket.on("error", () => socket.terminate());
    if (clients.size >= maxConnections) {
      socket.close(CLOSE_OVERLOADED, `limit of ${maxConnections} connections reached`);
      return;
    }
    const client = new StreamClient(socket, store, () => live);
    const limit = createRateLimit();
    clients.add(client);
    socket.on("pong", () => {
      client.lastPongMs = Date.now();
    });
    socket.on("close", () => clients.delete(client));
    let work = Promise.resolve();
    socket.on("message", (data, binary) => {
      const refused = limit();
      if (refused > MAX_REFUSED_PER_SECOND) client.close(CLOSE_LIMIT, `more than ${MAX_CONTROL_PER_SECOND} messages a second`);
      else if (refused > 0)
        sendError(
          client,
          null,
          "rate-limited",
          `at most ${MAX_CONTROL_PER_SECOND} messages a second, this is one more`,
          "send fewer: one subscribe takes many channels",
        );
      else work = work.then(() => onControl(client, data, binary));
    });
  }

  async function onControl(client: StreamClient, data: RawData, binary: boolean): Promise<void> {
    const control = binary ? "send text, not binary frames" : readControl(String(data));
    if (typeof control === "string") {
      sendError(
        client,
        null,
        "bad-message",
        control,
        'such as {"op":"subscribe","id":1,"channels":["candle:binance:BTC-USDT:1m"],"snapshot":100}',
      );
      return;
    }
    try {
      await obey(client, control);
    } catch (error) {
      logger.warn({ err: error }, "a stream's message could not be served");
      sendError(client, control.id, "unavailable", error instanceof Error ? error.message : String(error), "send it again in some seconds");
    }
  }

  async function obey(client: StreamClient, control: Control): Promise<void> {
    if (control.op === "subscribe") client.subscribe(control.channels, control.snapshot, await store.listInstruments(), control.id);
    if (control.op === "unsubscribe") {
      const ended = client.unsubscribe(control.channels);
      const fix = "list tells what is subscribed";
      const rejected = control.channels
        .filter((channel) => !ended.includes(channel))
        .map((channel) => ({ channel, code: "not-subscribed", fix }));
      client.send({ type: "ack", id: control.id, accepted: ended, rejected });
    }
    if (control.op === "list") client.send({ type: "list", id: control.id, channels: client.subscriptions });
    if (control.op === "ping") client.send({ type: "pong", id: control.id, serverTimeMs: Date.now() });
  }

  async function resync(): Promise<void> {
    if (clients.size === 0) return;
    const known = await store.listInstruments().catch(() => null);
    if (known === null) setTimeout(() => void resync(), 1_000).unref();
    else for (const client of clients) client.resync(known);
  }
}

/** Answers an upgrade with a refusal, in plain text. */
function refuse(socket: Duplex, status: string, text: string): void {
  const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8`;
  socket.end(`${head}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}

/** The control message, or what is wrong with it. */
function readControl(text: string): Control | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "the message is not JSON";
  }
  const parsed = controlSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  return parsed.error.issues.map((issue) => `${issue.path.map(String).join(".") || "message"}: ${issue.message}`).join("; ");
}

/** Counts messages per second; returns by how many the limit is passed. */
function createRateLimit(): () => number {
  let second = 0;
  let count = 0;
  return () => {
    const now = Math.floor(Date.now() / 1_000);
    if (now !== second) {
      second = now;
      count = 0;
    }
    count += 1;
    return Math.max(0, count - MAX_CONTROL_PER_SECOND);
  };
}

function sendError(client: StreamClient, messageId: string | number | null, code: string, detail: string, fix: string): void {
  client.send({ type: "error", code, detail, fix, id: messageId });
}
