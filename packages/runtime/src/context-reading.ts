import { STORED_SUBJECTS } from "@tickfleet/contracts/message";
import type { Bus, StreamPosition } from "./bus.ts";
import { ContextItems } from "./context-items.ts";
import { findPositionFault } from "./lane-check.ts";
import { openOrderedReader } from "./ordered-reader.ts";

const STREAM = "CONTEXT";
const TAKE_MS = 25;
const MOST_TAKEN = 2_000;

/** One reading of stream CONTEXT from its beginning on, over reconnects. */
export interface ContextReading {
  /** What was read. */
  readonly items: ContextItems;
  /** Asks for the stream's end, and holds what was read against the stream. Throws where that is no longer in it: then it is read anew. */
  look(): Promise<StreamPosition>;
  /** Whether the connection was lost since the last look: what was read may be gone, and nothing more is until the next. */
  isInterrupted(): boolean;
  /** Whether it has come to an end that a look gave, over the connection of that look. */
  hasRead(end: StreamPosition): boolean;
  /** Takes what has come, or comes in the next 25 ms. */
  take(): Promise<void>;
  close(): Promise<void>;
}

/** @throws StreamMissingError */
export async function openContextReading(bus: Bus): Promise<ContextReading> {
  let reconnects = bus.reconnects();
  const { created, firstSeq } = await bus.streamPosition(STREAM);
  const items = new ContextItems();
  // a stream that never held anything begins at 0
  const last = { created, seq: Math.max(1, firstSeq) - 1, id: "" };
  const open = () => openOrderedReader(bus, STREAM, last.seq + 1, [STORED_SUBJECTS]);
  let reader = await open();
  const isInterrupted = (): boolean => bus.reconnects() !== reconnects;

  return {
    items,
    async look() {
      // one more reconnect during the look is one more look
      const seen = bus.reconnects();
      const position = await bus.streamPosition(STREAM);
      const fault = await findPositionFault(bus, STREAM, position, last);
      if (fault !== null) throw new Error(fault);
      if (seen !== reconnects) {
        // what was read ahead before the connection was lost may be gone: it is read again
        await reader.close();
        reader = await open();
        reconnects = seen;
      }
      return position;
    },
    isInterrupted,
    // what the stream has dropped cannot be waited for
    hasRead: (end) => !isInterrupted() && (last.seq >= end.lastSeq || end.firstSeq > end.lastSeq),
    async take() {
      const messages = await reader.take(MOST_TAKEN, TAKE_MS);
      if (isInterrupted()) return;
      for (const message of messages) {
        items.add(message);
        last.seq = message.seq;
        last.id = message.id;
      }
    },
    close: () => reader.close(),
  };
}
