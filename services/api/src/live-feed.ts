import { setTimeout as sleep } from "node:timers/promises";
import { CHANNEL_CLASSES, liveForm } from "@tickfleet/contracts/channel";
import { filterOf, type MessageDefinition, parametersOf, type StreamName } from "@tickfleet/contracts/message";
import type { Bus } from "@tickfleet/runtime/bus";
import { CandleMemory, type RecentCandles } from "./candle-memory.ts";
import { type LiveMessage, liveMessages } from "./live-message.ts";
import { StreamOrder } from "./stream-order.ts";

/** Where a stream stands: everything up to `seq` has gone to clients; `generation` names the incarnation of the stream. */
export interface StreamPlace {
  seq: number;
  generation: string;
}

/** A message as it arrived. */
interface Arrival {
  seq: number;
  definition: MessageDefinition;
  parameters: Record<string, string>;
  data: Uint8Array;
}

interface LiveStream {
  order: StreamOrder<Arrival>;
  generation: string | null;
}

/** Receives what the gateway passes on. */
export interface FeedListener {
  onMessage(message: LiveMessage): void;
  /** Messages of the stream were missed and cannot be had from it. */
  onMissed(stream: StreamName): void;
  /** Every message that came by itself, before its order is looked at; `storedUs` is the broker's time. */
  onArrival(definition: MessageDefinition, data: Uint8Array, storedUs: number | null): void;
}

const BATCH = 500;
/** A hole of more messages is not filled. */
const MOST_FILLED = 10_000;
const CHECK_EVERY_MS = 5_000;
const RECONNECT_POLL_MS = 100;
const RETRY_MS = 250;

const decoder = new TextDecoder();
const DEFINITIONS = [...new Set(Object.values(CHANNEL_CLASSES).flatMap(({ definitions }) => definitions))];

/** All that users may see, as it is published: each stream whole and in order, for all clients of this process. */
export class LiveFeed {
  readonly #bus: Bus;
  readonly #listener: FeedListener;
  readonly #streams = new Map<StreamName, LiveStream>();
  readonly #memory = new CandleMemory();
  readonly #stops: (() => void)[] = [];

  constructor(bus: Bus, listener: FeedListener) {
    this.#bus = bus;
    this.#listener = listener;
    for (const definition of DEFINITIONS) {
      const live = liveForm(definition);
      const { stream } = definition;
      if (stream !== null && !this.#streams.has(stream)) this.#streams.set(stream, { order: this.#orderOf(stream), generation: null });
      this.#stops.push(
        bus.subscribeCore(filterOf(live), (subject, data, headers) => {
          const parameters = parametersOf(live, subject);
          if (parameters === null) return;
          const time = Date.parse(headers?.get("Nats-Time-Stamp") ?? "");
          listener.onArrival(definition, data, Number.isNaN(time) ? null : time * 1_000);
          const arrival = { seq: Number(headers?.get("Nats-Sequence") ?? 0), definition, parameters, data };
          if (stream === null) this.#pass(arrival, null);
          else if (arrival.seq > 0) this.#streams.get(stream)?.order.offer(arrival);
        }),
      );
    }
    this.#watch();
  }

  /** Null while nothing is known of the stream. */
  place(stream: StreamName): StreamPlace | null {
    const live = this.#streams.get(stream);
    if (live === undefined || live.generation === null || live.order.position === null) return null;
    return { seq: live.order.position, generation: live.generation };
  }

  recent(channel: string): RecentCandles {
    return this.#memory.recent(channel);
  }

  /** Resolves when the place of every stream that exists is known. */
  async ready(): Promise<void> {
    await this.#check();
  }

  close(): void {
    for (const stop of this.#stops) stop();
    for (const { order } of this.#streams.values()) order.close();
  }

  #orderOf(stream: StreamName): StreamOrder<Arrival> {
    return new StreamOrder<Arrival>({
      read: (from, to) => this.#read(stream, from, to),
      onMessage: (arrival) => this.#pass(arrival, arrival.seq),
      onMissed: () => this.#listener.onMissed(stream),
      pause: () => sleep(RETRY_MS),
    });
  }

  async #read(stream: StreamName, from: number, to: number): Promise<Arrival[] | null> {
    const { firstSeq } = await this.#bus.streamPosition(stream);
    if (from < firstSeq || to - from >= MOST_FILLED) return null;
    const found: Arrival[] = [];
    for (let next = from; next <= to; ) {
      const batch = await this.#bus.listMessages(stream, next, null, Math.min(BATCH, to - next + 1));
      const last = batch.at(-1);
      if (last === undefined) break;
      next = last.seq + 1;
      for (const message of batch) {
        if (message.seq > to) return found;
        for (const definition of DEFINITIONS) {
          const parameters = definition.stream === stream ? parametersOf(definition, message.subject) : null;
          if (parameters !== null) found.push({ seq: message.seq, definition, parameters, data: message.data });
        }
      }
    }
    return found;
  }

  #pass({ definition, parameters, data }: Arrival, seq: number | null): void {
    for (const message of liveMessages(definition, parameters, seq, decoder.decode(data))) {
      this.#memory.remember(message);
      this.#listener.onMessage(message);
    }
  }

  /** Compares what came with what the streams hold: at the start, after every reconnect, and now and then. */
  #watch(): void {
    let seen = this.#bus.reconnects();
    let checkedMs = Date.now();
    const poll = setInterval(() => {
      const now = Date.now();
      if (this.#bus.reconnects() === seen && now - checkedMs < CHECK_EVERY_MS) return;
      seen = this.#bus.reconnects();
      checkedMs = now;
      void this.#check();
    }, RECONNECT_POLL_MS);
    this.#stops.push(() => clearInterval(poll));
  }

  async #check(): Promise<void> {
    await Promise.all(
      [...this.#streams].map(async ([name, live]) => {
        const askedAt = live.order.position;
        // a stream that is not there yet, or a broker that is away: asked again with the next check
        const found = await this.#bus.streamPosition(name).catch(() => null);
        if (found === null) return;
        const generation = Math.floor(Date.parse(found.created) / 1_000).toString(36);
        const isOther = live.generation !== null && live.generation !== generation;
        live.generation = generation;
        if (isOther) live.order.restart(found.lastSeq);
        else live.order.catchUp(found.lastSeq, askedAt);
      }),
    );
  }
}
