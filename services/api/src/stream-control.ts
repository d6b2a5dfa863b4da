import type { Logger } from "@tickfleet/runtime/logger";
import type { RawData } from "ws";
import { z } from "zod";
import { MAX_SNAPSHOT } from "./candle-snapshot.ts";
import type { InstrumentMemory } from "./instrument-memory.ts";
import type { StreamClient } from "./stream-client.ts";
import { parseStreamCursor } from "./stream-cursor.ts";

const MAX_CONTROL_PER_SECOND = 10;
/** More refused control messages than this in one second end the connection. */
const MAX_REFUSED_PER_SECOND = 100;
const CLOSE_LIMIT = 4009;
const EXAMPLE = 'such as {"op":"subscribe","id":1,"channels":["candle:binance:BTC-USDT:1m"],"snapshot":100}';

const id = z
  .union([z.string().max(100), z.number()])
  .nullable()
  .default(null);
const channels = z.array(z.string().max(300)).min(1).max(1_024);
const after = z
  .string()
  .max(1_000)
  .transform((text, context) => {
    const cursor = parseStreamCursor(text);
    if (cursor === null) context.addIssue("expected streams with their last sequence, such as CANDLES:41,SIGNALS:7");
    return cursor;
  });
const controlSchema = z.discriminatedUnion("op", [
  z.object({
    op: z.literal("subscribe"),
    id,
    channels,
    snapshot: z.number().int().min(0).max(MAX_SNAPSHOT).default(0),
    closed: z.boolean().default(false),
    after: after.nullable().default(null),
  }),
  z.object({ op: z.literal("unsubscribe"), id, channels }),
  z.object({ op: z.literal("list"), id }),
  z.object({ op: z.literal("ping"), id }),
]);
type Control = z.infer<typeof controlSchema>;

/** Obeys what a client sends over its WebSocket, one message after the other. */
export function createControl(
  client: StreamClient,
  instruments: InstrumentMemory,
  logger: Pick<Logger, "warn">,
): (data: RawData, binary: boolean) => void {
  const limit = createRateLimit();
  let work = Promise.resolve();
  return (data, binary) => {
    const refused = limit();
    if (refused > MAX_REFUSED_PER_SECOND) client.close(CLOSE_LIMIT, `more than ${MAX_CONTROL_PER_SECOND} messages a second`);
    else if (refused > 0) {
      const detail = `at most ${MAX_CONTROL_PER_SECOND} messages a second, this is one more`;
      sendError(client, null, "rate-limited", detail, "send fewer: one subscribe takes many channels");
    } else work = work.then(() => onControl(data, binary));
  };

  async function onControl(data: RawData, binary: boolean): Promise<void> {
    const control = binary ? "send text, not binary frames" : readControl(String(data));
    if (typeof control === "string") {
      sendError(client, null, "bad-message", control, EXAMPLE);
      return;
    }
    try {
      await obey(control);
    } catch (error) {
      logger.warn({ err: error }, "a stream's message could not be served");
      sendError(client, control.id, "unavailable", error instanceof Error ? error.message : String(error), "send it again in some seconds");
    }
  }

  async function obey(control: Control): Promise<void> {
    if (control.op === "subscribe") {
      const { snapshot, closed: closedOnly, after: cursor } = control;
      await client.subscribe(
        { channels: control.channels, snapshot, closedOnly, after: cursor },
        await instruments.listFor(control.channels),
        control.id,
      );
    }
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
