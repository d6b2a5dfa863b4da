import { type Channel, classOfChannel, storedFilters } from "@tickfleet/contracts/channel";
import { parametersOf, type StreamName } from "@tickfleet/contracts/message";
import type { Bus, StoredMessage } from "@tickfleet/runtime/bus";
import { type LiveMessage, liveMessages } from "./live-message.ts";

/** Most messages that a client is sent of what it missed; beyond that it reads the lists. */
export const MAX_REPLAY = 5_000;
const BATCH = 500;
/** Clients that are served at once, for all come back together after a restart. */
const AT_ONCE = 4;

const decoder = new TextDecoder();

/** Reads what clients missed out of the streams. */
export class StreamReplay {
  readonly #bus: Pick<Bus, "listMessages" | "streamPosition">;
  #running = 0;
  readonly #queue: (() => void)[] = [];

  constructor(bus: Pick<Bus, "listMessages" | "streamPosition">) {
    this.#bus = bus;
  }

  /** Messages of the channels in (after, until], each once, in order; null where they are too many, or no longer kept. */
  async read(stream: StreamName, channels: readonly Channel[], after: number, until: number): Promise<LiveMessage[] | null> {
    if (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#running += 1;
    try {
      const { firstSeq } = await this.#bus.streamPosition(stream);
      if (after + 1 < firstSeq) return null;
      const bySeq = new Map<number, LiveMessage[]>();
      for (const channel of channels) {
        for (const filter of storedFilters(channel, stream)) {
          const left = MAX_REPLAY - bySeq.size;
          const found = await this.#list(stream, filter, after + 1, until, left + 1);
          for (const message of found) bySeq.set(message.seq, readStored(channel, stream, message));
          if (bySeq.size > MAX_REPLAY) return null;
        }
      }
      return [...bySeq.entries()].sort(([a], [b]) => a - b).flatMap(([, messages]) => messages);
    } finally {
      this.#running -= 1;
      this.#queue.shift()?.();
    }
  }

  async #list(stream: StreamName, filter: string, from: number, until: number, most: number): Promise<StoredMessage[]> {
    const found: StoredMessage[] = [];
    for (let next = from; next <= until && found.length < most; ) {
      const batch = await this.#bus.listMessages(stream, next, filter, Math.min(BATCH, most - found.length));
      found.push(...batch.filter((message) => message.seq <= until));
      const last = batch.at(-1);
      if (last === undefined) break;
      next = last.seq + 1;
    }
    return found;
  }
}

function readStored(channel: Channel, stream: StreamName, message: StoredMessage): LiveMessage[] {
  for (const definition of classOfChannel(channel).definitions) {
    const parameters = definition.stream === stream ? parametersOf(definition, message.subject) : null;
    if (parameters !== null) return liveMessages(definition, parameters, message.seq, decoder.decode(message.data));
  }
  return [];
}
