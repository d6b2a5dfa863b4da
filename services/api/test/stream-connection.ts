import { once } from "node:events";
import { WebSocket } from "ws";
import { until } from "./harness.ts";

// biome-ignore lint/suspicious/noExplicitAny: a test reads messages by their wire names
export type StreamMessage = any;

/** A WebSocket client that keeps every message but heartbeats. */
export interface StreamConnection {
  socket: WebSocket;
  messages: StreamMessage[];
  heartbeats: StreamMessage[];
  closed: { code: number; reason: string } | null;
  send(message: object): void;
  /** The first message of this type, waited for. */
  next(type: string): Promise<StreamMessage>;
  of(type: string): StreamMessage[];
}

/** @param origin as the browser of a page from there would say it */
export async function connectStream(url: string, origin?: string): Promise<StreamConnection> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/api/v1/stream`, origin === undefined ? {} : { origin });
  const messages: StreamMessage[] = [];
  const heartbeats: StreamMessage[] = [];
  const connection: StreamConnection = {
    socket,
    messages,
    heartbeats,
    closed: null,
    send: (message) => socket.send(JSON.stringify(message)),
    of: (type) => messages.filter((message) => message.type === type),
    next: async (type) => {
      await until(() => connection.of(type).length > 0, `a message of type ${type}`);
      return connection.of(type)[0];
    },
  };
  socket.on("message", (data) => {
    const message: StreamMessage = JSON.parse(String(data));
    (message.type === "heartbeat" ? heartbeats : messages).push(message);
  });
  socket.on("close", (code, reason) => {
    connection.closed = { code, reason: String(reason) };
  });
  await once(socket, "open");
  return connection;
}

/** The candles that a client holds after these messages, by openTime; throws where the message before an update is not the one it names. */
export function heldCandles(messages: readonly StreamMessage[], channel: string): StreamMessage[] {
  const held = new Map<number, StreamMessage>();
  let seq: number | null = null;
  for (const message of messages.filter((one) => one.channel === channel)) {
    if (message.type === "snapshot") {
      for (const candle of message.data) held.set(candle.openTime, candle);
      seq = message.seq;
    } else if (message.type === "update") {
      if (message.seq !== undefined && seq !== null && message.prev !== seq)
        throw new Error(`update ${message.seq} follows ${message.prev}, but ${seq} was the last`);
      seq = message.seq ?? seq;
      held.set(message.data.openTime, message.data);
    }
  }
  return [...held.values()].sort((a, b) => a.openTime - b.openTime);
}
