import type { Logger } from "pino";
import type { Bus } from "./bus.ts";
import { ContextItems, type FuturesItem, LEAST_NOTICE_MS, type SentimentItem } from "./context-items.ts";
import { openContextReading } from "./context-reading.ts";
import { ContextUnreadError } from "./failures.ts";

/** How often the stream is looked at while nobody waits: well within the notice that items give. */
const LOOK_EVERY_MS = 5_000;
const RETRY_MS = 500;

/** Stream CONTEXT in memory, read on in the background. */
export interface ContextLog {
  /**
   * Whether everything that may count at a time has been read: it was read to its end at a broker's time less than 30 s before it, or
   * later, and the connection has not been lost since.
   */
  isReadFor(timeMs: number): boolean;
  /** Reads to the end that the stream now has. @throws ContextUnreadError; the signal's reason when it is aborted first */
  readToEnd(signal: AbortSignal): Promise<void>;
  /** The items in force for candles that close at a time; see `ContextItems`. */
  at(venue: string, instrument: string, timeMs: number): { sentiment: SentimentItem | null; futures: FuturesItem | null };
  close(): Promise<void>;
}

interface Waiter {
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** Reads the stream from its beginning on, over reconnects; anew where it was made anew or lost what was read. */
export function openContextLog(bus: Bus, logger: Logger): ContextLog {
  let items = new ContextItems();
  let readToEndMs = Number.NEGATIVE_INFINITY;
  let isInterrupted = (): boolean => true;
  let waiters: Waiter[] = [];
  let isClosed = false;
  let wake: (() => void) | null = null;
  const running = run();

  return {
    isReadFor: (timeMs) => !isInterrupted() && readToEndMs >= timeMs - LEAST_NOTICE_MS,
    async readToEnd(signal) {
      signal.throwIfAborted();
      if (isClosed) throw new ContextUnreadError("the reading of CONTEXT has ended");
      const read = Promise.withResolvers<void>();
      const end = (): void => read.reject(signal.reason);
      signal.addEventListener("abort", end, { once: true });
      waiters.push(read);
      wake?.();
      await read.promise.finally(() => signal.removeEventListener("abort", end));
    },
    at: (venue, instrument, timeMs) => items.at(venue, instrument, timeMs),
    async close() {
      isClosed = true;
      wake?.();
      await running;
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
    const reading = await openContextReading(bus);
    try {
      while (!isClosed) {
        const asked = takeWaiters();
        try {
          const end = await reading.look();
          const until = Date.now() + LOOK_EVERY_MS;
          // a broker that loses its tail meanwhile never gets there: after a while, or a reconnect, it is asked again
          while (!reading.hasRead(end) && !reading.isInterrupted() && !isClosed && Date.now() < until) await reading.take();
          if (!reading.hasRead(end)) {
            waiters.push(...asked);
            continue;
          }
          ({ items, isInterrupted } = reading);
          readToEndMs = end.timeMs;
        } catch (error) {
          waiters.push(...asked);
          throw error;
        }
        for (const { resolve } of asked) resolve();
        const until = Date.now() + LOOK_EVERY_MS;
        while (waiters.length === 0 && !reading.isInterrupted() && !isClosed && Date.now() < until) await reading.take();
      }
    } finally {
      await reading.close().catch(() => undefined);
    }
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
