import type { WebSocket } from "ws";

/** Where a client's messages go: a WebSocket, or a stream of server-sent events. */
export interface StreamSink {
  readonly open: boolean;
  /** Bytes that wait for the reader. */
  readonly buffered: number;
  /** @param cursor what the client has with this message, asked for only where the sink passes it on */
  send(text: string, cursor: () => string): void;
  heartbeat(sent: number, cursor: string): void;
  ping(): void;
  /** Tells why and ends, in time even where the reader does not answer. */
  close(code: number, reason: string): void;
  terminate(): void;
}

const TERMINATE_AFTER_MS = 2_000;

export function createSocketSink(socket: WebSocket): StreamSink {
  return {
    get open() {
      return socket.readyState === socket.OPEN;
    },
    get buffered() {
      return socket.bufferedAmount;
    },
    send: (text) => socket.send(text),
    heartbeat: (sent, cursor) => socket.send(JSON.stringify({ type: "heartbeat", serverTimeMs: Date.now(), sent, cursor })),
    ping: () => socket.ping(),
    close(code, reason) {
      socket.close(code, reason);
      setTimeout(() => socket.terminate(), TERMINATE_AFTER_MS).unref();
    },
    terminate: () => socket.terminate(),
  };
}

/** Bytes of events that a reader may leave unread before `buffered` counts them all the same: a bound that is never reached. */
const HIGH_WATER_BYTES = 2 ** 30;

/** A stream of server-sent events, and the sink that fills it. */
export interface EventStream {
  sink: StreamSink;
  body: ReadableStream<Uint8Array>;
}

/** Server-sent events: each message is an event, its id the cursor that the browser sends back as `Last-Event-ID`. */
export function createEventStream(onClose: () => void): EventStream {
  const encoder = new TextEncoder();
  let open = true;
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const end = (): void => {
    if (!open) return;
    open = false;
    onClose();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start: (started) => {
        controller = started;
      },
      cancel: end,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_BYTES }),
  );
  const write = (text: string): void => {
    if (open) controller?.enqueue(encoder.encode(text));
  };
  const event = (text: string, cursor: string): string => `${cursor === "" ? "" : `id: ${cursor}\n`}data: ${text}\n\n`;
  const sink: StreamSink = {
    get open() {
      return open;
    },
    get buffered() {
      return HIGH_WATER_BYTES - (controller?.desiredSize ?? HIGH_WATER_BYTES);
    },
    send: (text, cursor) => write(event(text, cursor())),
    // an event without data moves the reader's last id and is shown to nobody
    heartbeat: (_, cursor) => write(`: heartbeat\n${cursor === "" ? "" : `id: ${cursor}\n`}\n`),
    ping: () => {},
    close(code, reason) {
      write(event(JSON.stringify({ type: "closed", code, reason }), ""));
      if (open) controller?.close();
      end();
    },
    terminate() {
      if (open) controller?.error(new Error("the stream was ended"));
      end();
    },
  };
  return { sink, body };
}
