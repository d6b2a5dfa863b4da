import { createRoute, z } from "@hono/zod-openapi";
import { CHANNEL_CLASSES } from "@tickfleet/contracts/channel";
import type { Context } from "hono";
import { type ApiApp, type ApiEnvironment, type ApiParts, checkParameters } from "../app.ts";
import { MAX_SNAPSHOT } from "../candle-snapshot.ts";
import { admitChannels, type ChannelRefusal } from "../channel-request.ts";
import { parameter, required } from "../list-query.ts";
import { type Fault, problemSchema, RequestError, UnavailableError } from "../problem.ts";
import { parseStreamCursor } from "../stream-cursor.ts";
import { originFault, STREAM_PATH } from "../stream-server.ts";

const EVENT_EXAMPLE =
  'id: CANDLES:41:sv3k2a\ndata: {"type":"update","channel":"candle:demo:BTC-USDT:1m","kind":"candle","stream":"CANDLES","seq":41,"prev":40,"data":{}}\n\n';

const query = z.object({
  channels: parameter(
    `Channels, with commas between: ${forms().join(", ")}; each part a name or *.`,
    "candle:binance:BTC-USDT:1m,signal:*:*:*",
    true,
  ),
  snapshot: parameter(`Candles that each candle channel begins with, 0 to ${MAX_SNAPSHOT}; by default none.`, "100"),
  closed: parameter("true: no forming candles.", "true"),
  after: parameter(
    "The last sequence that you have of each stream; the header Last-Event-ID, where it is sent, goes before.",
    "CANDLES:41,SIGNALS:7",
  ),
});

const route = createRoute({
  method: "get",
  path: STREAM_PATH,
  operationId: "stream",
  summary: "Live messages as server-sent events; the same path takes WebSockets.",
  description:
    "Each event's data is a JSON object whose `type` is ack, snapshot, update, recomputed, resumed, resync, error, shutdown or closed, as over the WebSocket (README of services/api). Its id is the cursor that EventSource sends back as Last-Event-ID: what was missed then comes first, up to 5,000 messages; beyond that comes `resync` with the list to `read`. A comment comes every 5 s.",
  tags: ["stream"],
  request: {
    query,
    headers: z.object({ "last-event-id": z.string().optional().describe("cursor of the last event, sent by EventSource") }),
  },
  responses: {
    200: {
      description: "The stream; it does not end by itself.",
      content: { "text/event-stream": { schema: z.string().openapi({ example: EVENT_EXAMPLE }) } },
    },
    default: { description: "A problem.", content: { "application/problem+json": { schema: problemSchema } } },
  },
});

export function addStream(app: ApiApp, { instruments, stream }: ApiParts): void {
  app.openapi(route, async (context) => {
    const faults: Fault[] = [];
    const asked = context.req.valid("query");
    checkParameters(context, Object.keys(query.shape), faults);
    checkOrigin(context, stream, faults);
    const channels = required("channels", asked.channels, "candle:demo:BTC-USDT:1m", faults)
      .split(",")
      .filter((text) => text !== "");
    const snapshot = readSnapshot(asked.snapshot, faults);
    const closedOnly = readClosed(asked.closed, faults);
    const after = readAfter(context.req.header("last-event-id") || asked.after, faults);
    if (faults.length > 0) throw new RequestError(faults);
    const known = await instruments.listFor(channels);
    const { rejected } = admitChannels(channels, [], known);
    if (rejected.length > 0) throw new RequestError(rejected.map(faultOf));
    if (stream.connections() >= stream.maxConnections) {
      throw new UnavailableError("stream", `limit of ${stream.maxConnections} connections reached`);
    }
    const body = stream.acceptEvents({ channels, snapshot, closedOnly, after }, known);
    return context.body(body, 200, headersFor(context)) as never;
  });
}

function forms(): string[] {
  return Object.entries(CHANNEL_CLASSES).map(([name, { parts }]) => [name, ...parts.map((part) => `<${part}>`)].join(":"));
}

function checkOrigin(context: Context<ApiEnvironment>, server: ApiParts["stream"], faults: Fault[]): void {
  const origin = context.req.header("origin");
  if (server.isOriginAllowed(origin, context.req.header("host"))) return;
  faults.unshift(originFault(origin));
}

function headersFor(context: Context<ApiEnvironment>): Record<string, string> {
  const origin = context.req.header("origin");
  return {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    // a proxy in between must not gather events
    "x-accel-buffering": "no",
    ...(origin === undefined ? {} : { "access-control-allow-origin": origin, vary: "Origin" }),
  };
}

function readSnapshot(text: string | undefined, faults: Fault[]): number {
  if (text === undefined || text === "") return 0;
  const count = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (count <= MAX_SNAPSHOT) return count;
  const detail = `snapshot is ${JSON.stringify(text.slice(0, 64))}`;
  faults.push({ code: "invalid-parameter", field: "snapshot", detail, fix: `give a whole number from 0 to ${MAX_SNAPSHOT}` });
  return 0;
}

function readClosed(text: string | undefined, faults: Fault[]): boolean {
  if (text === undefined || text === "" || text === "false") return false;
  if (text === "true") return true;
  faults.push({
    code: "invalid-parameter",
    field: "closed",
    detail: `closed is ${JSON.stringify(text.slice(0, 64))}`,
    fix: "give true or false",
  });
  return false;
}

function readAfter(text: string | undefined, faults: Fault[]) {
  if (text === undefined || text === "") return null;
  const cursor = parseStreamCursor(text);
  if (cursor !== null) return cursor;
  const detail = `${JSON.stringify(text.slice(0, 100))} is no cursor of a stream`;
  faults.push({
    code: "invalid-cursor",
    field: "after",
    detail,
    fix: "give streams with their last sequence, such as CANDLES:41,SIGNALS:7",
  });
  return null;
}

function faultOf({ channel, code, fix }: ChannelRefusal): Fault {
  const problem = code === "unknown-class" ? "bad-channel" : code === "limit" ? "too-many-channels" : code;
  return { code: problem, field: "channels", detail: `${channel}: ${code}`, fix };
}
