import { type ConsumerMessages, DeliverPolicy, type JsMsg, jetstream } from "@nats-io/jetstream";
import type { Bus } from "./bus.ts";

/** A message of the input log, as a reader takes it. */
export interface InputMessage {
  seq: number;
  subject: string;
  /** The publisher's id of the message, "" where it has none. */
  id: string;
  data: Uint8Array;
  /** When the broker stored it, epoch milliseconds, rounded down; absent in a message made from history. */
  storedMs?: number;
  /** Value of a header, "" where it is absent. */
  header(name: string): string;
}

/** Reading notices a dead server in seconds only with these. */
const CONSUME_OPTIONS = { max_messages: 500, expires: 3_000, idle_heartbeat: 1_000 } as const;
const NANOS_PER_MS = 1_000_000n;
const LONGEST_QUEUE = 4_000;

/** Messages of a stream in order, read ahead into a bounded array. */
export interface OrderedReader {
  /** Up to `most` messages, as soon as there is one; none after `waitMs`. Throws where reading ended. */
  take(most: number, waitMs: number): Promise<InputMessage[]>;
  /** Messages that are stored for this reader and not yet taken, as far as the broker has told. */
  behind(): number;
  close(): Promise<void>;
}

/**
 * Opens an ordered reader without durable state: it begins at `fromSeq` and goes on over reconnects.
 * What a jump in the stream hides it does not tell: hold positions against the stream yourself.
 */
export async function openOrderedReader(bus: Bus, stream: string, fromSeq: number, filters: readonly string[]): Promise<OrderedReader> {
  const consumer = await jetstream(bus.connection).consumers.get(stream, {
    filter_subjects: [...filters],
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: Math.max(1, fromSeq),
  });
  const messages: ConsumerMessages = await consumer.consume(CONSUME_OPTIONS);
  let queue: InputMessage[] = [];
  let lastSeq = fromSeq - 1;
  let pending = 0;
  let ended: Error | null = null;
  let arrived: (() => void) | null = null;
  let drained: (() => void) | null = null;
  let closed = false;
  const pumping = pump();

  return {
    async take(most, waitMs) {
      if (queue.length === 0 && ended === null) {
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          arrived = resolve;
          timer = setTimeout(resolve, waitMs);
        });
        clearTimeout(timer);
        arrived = null;
      }
      if (queue.length === 0 && ended !== null) throw ended;
      if (queue.length <= most) {
        const all = queue;
        queue = [];
        drained?.();
        return all;
      }
      const some = queue.splice(0, most);
      if (queue.length < LONGEST_QUEUE) drained?.();
      return some;
    },
    behind: () => queue.length + pending,
    async close() {
      closed = true;
      messages.stop();
      drained?.();
      await pumping;
    },
  };

  async function pump(): Promise<void> {
    try {
      for await (const message of messages) {
        if (closed) break;
        if (message.seq <= lastSeq) throw new Error(`stream ${stream} went back from ${lastSeq} to ${message.seq}`);
        lastSeq = message.seq;
        pending = message.info.pending;
        queue.push(inputOf(message));
        arrived?.();
        if (queue.length >= LONGEST_QUEUE) {
          await new Promise<void>((resolve) => {
            drained = resolve;
          });
          drained = null;
        }
      }
      ended = new Error(`reading of stream ${stream} ended`);
    } catch (error) {
      ended = error instanceof Error ? error : new Error(String(error));
    }
    arrived?.();
  }
}

function inputOf(message: JsMsg): InputMessage {
  return {
    seq: message.seq,
    subject: message.subject,
    id: message.headers?.get("Nats-Msg-Id") ?? "",
    data: message.data,
    storedMs: Number(message.timestampNanos / NANOS_PER_MS),
    header: (name) => message.headers?.get(name) ?? "",
  };
}
