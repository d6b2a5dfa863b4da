import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { StreamName } from "@tickfleet/contracts/message";
import type { Bus } from "@tickfleet/runtime/bus";
import type { Logger } from "@tickfleet/runtime/logger";
import { type WebSocket, WebSocketServer } from "ws";
import type { InstrumentMemory } from "./instrument-memory.ts";
import type { LatencyWatch } from "./latency-watch.ts";
import { LiveFeed } from "./live-feed.ts";
import { shedLoad } from "./load-shedding.ts";
import { createProblem, type Fault } from "./problem.ts";
import type { ApiStore, InstrumentRow } from "./store.ts";
import { type ClientParts, StreamClient, type SubscribeRequest } from "./stream-client.ts";
import { createControl } from "./stream-control.ts";
import { isOriginAllowed } from "./stream-origin.ts";
import { StreamReplay } from "./stream-replay.ts";
import { createEventStream, createSocketSink, type StreamSink } from "./stream-sink.ts";

export const STREAM_PATH = "/api/v1/stream";
/** Bytes that wait for all clients together. */
const MAX_BUFFERED_BYTES = 268_435_456;
const MAX_FRAME_BYTES = 65_536;
const HEARTBEAT_MS = 5_000;
const PING_MS = 20_000;
const SILENT_MS = 60_000;
const FLUSH_MS = 20;
const CLOSE_RESTART = 1012;
const CLOSE_OVERLOADED = 1013;
/** Clients come back spread over this time. */
const RECONNECT_LEAST_MS = 250;
const RECONNECT_SPREAD_MS = 4_750;

export interface StreamOptions {
  bus: Bus;
  store: ApiStore;
  instruments: InstrumentMemory;
  logger: Pick<Logger, "warn">;
  latency: LatencyWatch;
  maxConnections: number;
  /** Origins whose pages may open a stream beside those of the gateway's own host (stream-origin.ts). */
  allowedOrigins: readonly string[];
}

/** Live messages for every client, over WebSocket and as server-sent events. */
export interface StreamServer {
  connections(): number;
  readonly maxConnections: number;
  isOriginAllowed(origin: string | undefined, host: string | undefined): boolean;
  /** Takes WebSockets on `/api/v1/stream` of this server. */
  serve(server: Server): void;
  /** Begins a stream of server-sent events. */
  acceptEvents(request: SubscribeRequest, known: readonly InstrumentRow[]): ReadableStream<Uint8Array>;
  /** Tells every client that the gateway restarts, and closes. */
  close(): Promise<void>;
}

/** Begins to listen to what is published. */
export async function openStreamServer(options: StreamOptions): Promise<StreamServer> {
  const { bus, store, instruments, logger, latency, maxConnections, allowedOrigins } = options;
  const clients = new Set<StreamClient>();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  const feed: LiveFeed = new LiveFeed(bus, {
    onMessage(message) {
      for (const client of clients) client.offer(message);
    },
    onMissed: (stream) => void resync(stream),
    onArrival: (definition, data, storedUs) => latency.watch(definition, data, storedUs),
  });
  await feed.ready();
  const parts: ClientParts = { store, feed: () => feed, replay: new StreamReplay(bus) };
  const timers = [
    setInterval(() => {
      for (const client of clients) client.heartbeat();
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
  let server: Server | null = null;

  return {
    connections: () => clients.size,
    maxConnections,
    isOriginAllowed: (origin, host) => isOriginAllowed(origin, host, allowedOrigins),
    serve(httpServer) {
      server = httpServer;
      server.on("upgrade", onUpgrade);
    },
    acceptEvents(request, known) {
      const { sink, body } = createEventStream(() => clients.delete(client));
      const client: StreamClient = addClient(sink);
      // nobody answers a ping here; a reader that is gone shows by what waits for it
      client.lastPongMs = Number.POSITIVE_INFINITY;
      client.subscribe(request, known, null).catch((error: unknown) => logger.warn({ err: error }, "a stream ended"));
      return body;
    },
    async close() {
      for (const timer of timers) clearInterval(timer);
      server?.off("upgrade", onUpgrade);
      feed.close();
      const gone = [...sockets.clients].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
      for (const client of clients) {
        client.send({ type: "shutdown", reconnectInMs: Math.round(RECONNECT_LEAST_MS + Math.random() * RECONNECT_SPREAD_MS) });
        client.close(CLOSE_RESTART, "the gateway restarts");
      }
      await Promise.all(gone);
      sockets.close();
    },
  };

  function onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // the server watches the socket no longer: unheard, a reset by the peer would end the process
    socket.on("error", () => socket.destroy());
    const path = (request.url ?? "/").split("?", 1)[0] as string;
    const { origin, host } = request.headers;
    if (path !== STREAM_PATH) {
      const detail = `there is no stream at ${path.slice(0, 200)}`;
      refuse(socket, "404 Not Found", { code: "unknown-route", field: null, detail, fix: `open it on ${STREAM_PATH}` });
    } else if (isOriginAllowed(origin, host, allowedOrigins)) sockets.handleUpgrade(request, socket, head, acceptSocket);
    else refuse(socket, "403 Forbidden", originFault(origin));
  }

  function acceptSocket(socket: WebSocket): void {
    socket.on("error", () => socket.terminate());
    if (clients.size >= maxConnections) {
      socket.close(CLOSE_OVERLOADED, `limit of ${maxConnections} connections reached`);
      return;
    }
    const client = addClient(createSocketSink(socket));
    socket.on("close", () => clients.delete(client));
    socket.on("pong", () => {
      client.lastPongMs = Date.now();
    });
    socket.on("message", createControl(client, instruments, logger));
  }

  function addClient(sink: StreamSink): StreamClient {
    const client = new StreamClient(sink, parts);
    clients.add(client);
    return client;
  }

  async function resync(stream: StreamName): Promise<void> {
    if (clients.size === 0) return;
    const known = await instruments.list().catch(() => null);
    if (known === null) setTimeout(() => void resync(stream), 1_000).unref();
    else for (const client of clients) client.resync(stream, known);
  }
}

/** Why a page may not open a stream. */
export function originFault(origin: string | undefined): Fault {
  const detail = `pages of ${JSON.stringify(origin?.slice(0, 200))} may not open a stream`;
  return { code: "origin-not-allowed", field: null, detail, fix: "add the origin to API_ALLOWED_ORIGINS" };
}

/** Answers an upgrade with a problem. */
function refuse(socket: Duplex, status: string, fault: Fault): void {
  const body = JSON.stringify(createProblem([fault], randomUUID()));
  const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/problem+json`;
  socket.end(`${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
