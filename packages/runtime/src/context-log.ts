import { STORED_SUBJECTS } from "@tickfleet/contracts/message";
import type { Logger } from "pino";
import type { Bus, StreamPosition } from "./bus.ts";
import { ContextItems, type FuturesItem, LEAST_NOTICE_MS, type SentimentItem } from "./context-items.ts";
import { ContextUnreadError } from "./failures.ts";
import { type OrderedReader, openOrderedReader } from "./ordered-reader.ts";

const STREAM = "CONTEXT";
/** How often the stream's end is asked for while nobody waits: well within the notice that items give. */
const LOOK_EVERY_MS = 5_000;
const TAKE_MS = 25;
const MOST_TAKEN = 2_000;
const RETRY_MS = 500;

/** Stream CONTEXT in memory, read on in the background. */
export interface ContextLog {
  /** Whether everything that may count at a time has been read: it was read to its end at a broker's time less than 30 s before it, or later. */
  isReadFor(timeMs: number): boolean;
  /** Reads to the end that the stream now has. @throws ContextUnreadError */
  readToEnd(): Promise<void>;
  /** The items in force for candles that close at a time; see `ContextItems`. */
  at(venue: string, instrument: string, timeMs: number): { sentiment: SentimentItem | null; futures: FuturesItem | null };
  close(): Promise<void>;
}

interface Waiter {
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** Reads the stream from its beginning on, over reconnects; anew where it was made anew. */
export function openContextLog(bus: Bus, logger: Logger): ContextLog {
  let items = new ContextItems();
  let readToEndMs = Number.NEGATIVE_INFINITY;
  let waiters: Waiter[] = [];
  let isClosed = false;
  let wake: (() => void) | null = null;
  const reading = run();

  return {
    isReadFor: (timeMs) => readToEndMs >= timeMs - LEAST_NOTICE_MS,
    readToEnd: () =>
      new Promise((resolve, reject) => {
        if (isClosed) {
          reject(new ContextUnreadError("the reading of CONTEXT has ended"));
          return;
        }
        waiters.push({ resolve, reject });
        wake?.();
      }),
    at: (venue, instrument, timeMs) => items.at(venue, instrument, timeMs),
    async close() {
      isClosed = true;
      wake?.();
      await reading;
    },
  };

  async function run(): Promise<void> {
    while (!isClosed) {
      try {
        await follow();
      } catch (error) {
        readToEndMs = Number.NEGATIVE_INFINITY;
        for (const { reject } of takeWaiters()) reject(new ContextUnreadError("CONTEXT cannot be read at present", { cause: error }));
        if (isClosed) break;
        logger.warn({ err: error }, "the reading of CONTEXT begins again");
        await pause(RETRY_MS);
      }
    }
    for (const { reject } of takeWaiters()) reject(new ContextUnreadError("the reading of CONTEXT has ended"));
  }

  /** One reading from the stream's beginning, until an error or the end. */
  async function follow(): Promise<void> {
    const { created, firstSeq: held } = await bus.streamPosition(STREAM);
    // a stream that never held anything says 0
    const firstSeq = Math.max(1, held);
    const fresh = new ContextItems();
    const reader = await openOrderedReader(bus, STREAM, firstSeq, [STORED_SUBJECTS]);
    let seq = firstSeq - 1;
    try {
      while (!isClosed) {
        const asked = takeWaiters();
        try {
          const position = await bus.streamPosition(STREAM);
          requireSame(position, created, seq);
          seq = await readUpTo(reader, fresh, seq, position);
          items = fresh;
          readToEndMs = position.timeMs;
        } catch (error) {
          waiters.push(...asked);
          throw error;
        }
        for (const { resolve } of asked) resolve();
        for (const until = Date.now() + LOOK_EVERY_MS; !isClosed && waiters.length === 0 && Date.now() < until; ) {
          for (const message of await reader.take(MOST_TAKEN, TAKE_MS)) {
            fresh.add(message);
            seq = message.seq;
          }
        }
      }
    } finally {
      await reader.close().catch(() => undefined);
    }
  }

  async function readUpTo(reader: OrderedReader, into: ContextItems, from: number, end: StreamPosition): Promise<number> {
    let seq = from;
    // what the stream has dropped cannot be waited for
    while (!isClosed && end.firstSeq <= end.lastSeq && seq < end.lastSeq) {
      for (const message of await reader.take(MOST_TAKEN, TAKE_MS)) {
        into.add(message);
        seq = message.seq;
      }
    }
    return seq;
  }

  function takeWaiters(): Waiter[] {
    const taken = waiters;
    waiters = [];
    return taken;
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function requireSame(position: StreamPosition, created: string, seq: number): void {
  if (position.created !== created) throw new Error(`${STREAM} was made anew at ${position.created}`);
  if (position.lastSeq < seq) throw new Error(`${STREAM} ends at ${position.lastSeq}, before ${seq}: it lost its tail`);
}
