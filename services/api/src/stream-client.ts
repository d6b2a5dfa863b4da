import { matchesChannel } from "@tickfleet/contracts/channel-match";
import type { StreamName } from "@tickfleet/contracts/message";
import { admitChannels, expandChannel, MAX_CHANNELS } from "./channel-request.ts";
import { ChannelState } from "./channel-state.ts";
import { ClientSnapshots } from "./client-snapshots.ts";
import type { LiveFeed, StreamPlace } from "./live-feed.ts";
import type { LiveMessage } from "./live-message.ts";
import { resyncNotice } from "./resync-notice.ts";
import type { ApiStore, InstrumentRow } from "./store.ts";
import { type CursorPlace, formatStreamCursor, type StreamCursor } from "./stream-cursor.ts";
import { MAX_REPLAY, type StreamReplay } from "./stream-replay.ts";
import { resumeStream } from "./stream-resume.ts";
import type { StreamSink } from "./stream-sink.ts";
import { createSubscription, type Subscription, takesLive } from "./subscription.ts";

/** Bytes waiting for the reader from which forming candles are conflated, and from which a client is let go. */
export const CONFLATE_BYTES = 1_048_576;
export const CLOSE_BYTES = 8 * CONFLATE_BYTES;
/** A reader that is so long behind without a pause is let go. */
export const BEHIND_MS = 10_000;
export const CLOSE_TOO_SLOW = 4008;

const RESYNC_LEAST = 100;

/** What every client works with. */
export interface ClientParts {
  store: ApiStore;
  feed: () => Pick<LiveFeed, "place" | "recent">;
  replay: Pick<StreamReplay, "read">;
}

export interface SubscribeRequest {
  channels: readonly string[];
  /** Candles that a candle channel begins with, 0 for none. */
  snapshot: number;
  closedOnly: boolean;
  /** What the client has of each stream; null begins with the present. */
  after: StreamCursor | null;
}

/** One connection: its subscriptions, what it holds, and what waits for a slow reader. */
export class StreamClient {
  readonly #sink: StreamSink;
  readonly #parts: ClientParts;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Channels met so far; null for those that no subscription wants. */
  readonly #channels = new Map<string, ChannelState | null>();
  readonly #conflated = new Map<string, LiveMessage>();
  /** How far streams are that are being replayed. */
  readonly #replayed = new Map<StreamName, number>();
  readonly #snapshots: ClientSnapshots;
  #behindSinceMs: number | null = null;
  /** Messages sent on this connection. */
  sent = 0;
  lastPongMs = Date.now();

  constructor(sink: StreamSink, parts: ClientParts) {
    this.#sink = sink;
    this.#parts = parts;
    this.#snapshots = new ClientSnapshots(
      {
        isOpen: () => this.open,
        isBehind: () => this.buffered > CONFLATE_BYTES,
        send: (message) => this.send(message),
        deliver: (state, message) => this.#deliver(state, message),
        wants: (state) => this.#channels.get(state.channel) === state,
      },
      parts.store,
      parts.feed,
    );
  }

  get open(): boolean {
    return this.#sink.open;
  }

  /** Bytes that wait for the reader. */
  get buffered(): number {
    return this.#sink.buffered;
  }

  get subscriptions(): string[] {
    return [...this.#subscriptions.keys()];
  }

  /** What the client has, message for message; streams whose snapshot is still to come are left out. */
  get cursor(): string {
    const waiting = this.#activeChannels().filter((state) => state.waits);
    const places: [StreamName, StreamPlace][] = [];
    for (const stream of new Set([...this.#subscriptions.values()].map((subscription) => subscription.stream))) {
      const place = stream === null ? null : this.#parts.feed().place(stream);
      if (stream === null || place === null || waiting.some((state) => state.subscriptions.some((one) => one.stream === stream))) continue;
      places.push([stream, { ...place, seq: this.#replayed.get(stream) ?? place.seq }]);
    }
    return formatStreamCursor(places);
  }

  send(message: object): void {
    this.#sendText(JSON.stringify(message));
  }

  heartbeat(): void {
    if (this.open) this.#sink.heartbeat(this.sent, this.cursor);
  }

  /** Takes the channels that can be had; resolves when what was missed has been sent. */
  async subscribe(request: SubscribeRequest, known: readonly InstrumentRow[], id: unknown): Promise<void> {
    const taken = this.#activeChannels().map((state) => state.channel);
    const { accepted, rejected } = admitChannels(request.channels, taken, known);
    const added = accepted.map((channel) => createSubscription(channel, request.closedOnly));
    const missed = new Map<StreamName, Subscription[]>();
    for (const subscription of added) {
      this.#subscriptions.set(subscription.channel.text, subscription);
      const { stream } = subscription;
      if (stream !== null && request.after?.has(stream)) missed.set(stream, [...(missed.get(stream) ?? []), subscription]);
      else subscription.liveFrom = stream === null ? 0 : (this.#parts.feed().place(stream)?.seq ?? 0);
    }
    this.#forgetMatches();
    for (const [stream] of missed) this.#replayed.set(stream, request.after?.get(stream)?.seq ?? 0);
    if (request.snapshot > 0) {
      const fresh = added.filter((subscription) => subscription.liveFrom !== null);
      this.#beginSnapshots(fresh, request.snapshot, known);
    }
    this.send({ type: "ack", id, accepted: accepted.map((channel) => channel.text), rejected, cursor: this.cursor });
    if (request.after === null) return;
    let replayed = 0;
    for (const [stream, subscriptions] of missed) {
      const count = await this.#resume(stream, subscriptions, request.after?.get(stream) as CursorPlace);
      if (count === null)
        this.#resync(subscriptions, `more than ${MAX_REPLAY} messages, or older than ${stream} keeps`, known, request.snapshot);
      else replayed += count;
    }
    this.send({ type: "resumed", id, replayed, cursor: this.cursor });
  }

  /** Ends subscriptions of exactly these texts; returns those that there were. */
  unsubscribe(channels: readonly string[]): string[] {
    const ended = [...new Set(channels)].filter((text) => this.#subscriptions.delete(text));
    this.#forgetMatches();
    return ended;
  }

  offer(message: LiveMessage): void {
    const state = this.#stateOf(message.channel);
    if (state?.subscriptions.some((subscription) => takesLive(subscription, message)) && state.take(message)) this.#deliver(state, message);
  }

  /**
   * Sends forming candles that waited, as soon as the reader has caught up; called again and again.
   * @param nowMs milliseconds of a clock that only goes forward
   */
  flush(nowMs: number): void {
    if (this.buffered > CONFLATE_BYTES) {
      this.#behindSinceMs ??= nowMs;
      if (nowMs - this.#behindSinceMs > BEHIND_MS) this.letGo("more than 1 MiB waited for you for 10 s");
      return;
    }
    this.#behindSinceMs = null;
    if (this.#conflated.size === 0) return;
    const messages = [...this.#conflated.values()];
    this.#conflated.clear();
    for (const message of messages) this.offer(message);
  }

  /** Messages of a stream were missed and cannot be had from it. */
  resync(stream: StreamName, known: readonly InstrumentRow[]): void {
    const concerned = [...this.#subscriptions.values()].filter((subscription) => subscription.stream === stream);
    for (const subscription of concerned) subscription.liveFrom = this.#parts.feed().place(stream)?.seq ?? 0;
    this.#resync(concerned, "the connection to the broker was lost for too long", known, RESYNC_LEAST);
  }

  /** Ends the connection of a reader that is too slow. */
  letGo(reason: string): void {
    if (this.open) this.close(CLOSE_TOO_SLOW, `too slow: ${reason}`);
  }

  ping(): void {
    this.#sink.ping();
  }

  close(code: number, reason: string): void {
    this.#sink.close(code, reason);
  }

  terminate(): void {
    this.#sink.terminate();
  }

  #activeChannels(): ChannelState[] {
    return [...this.#channels.values()].filter((state) => state !== null);
  }

  /** After a change of subscriptions: which channel belongs to which is found anew. */
  #forgetMatches(): void {
    for (const [name, state] of this.#channels) {
      const subscriptions = this.#wanting(name);
      if (state === null || subscriptions.length === 0) this.#channels.delete(name);
      else state.subscriptions = subscriptions;
    }
  }

  #wanting(name: string): Subscription[] {
    return [...this.#subscriptions.values()].filter((subscription) => matchesChannel(subscription.channel.text, name));
  }

  #stateOf(name: string): ChannelState | null {
    const known = this.#channels.get(name);
    if (known !== undefined) return known;
    const subscriptions = this.#wanting(name);
    const wanted = subscriptions.length > 0 && this.#activeChannels().length < MAX_CHANNELS;
    const state = wanted ? new ChannelState(name, subscriptions) : null;
    this.#channels.set(name, state);
    return state;
  }

  #deliver(state: ChannelState, message: LiveMessage): void {
    const slot = `${message.channel}|${message.place?.series ?? ""}`;
    if (message.kind === "forming") {
      if (this.buffered > CONFLATE_BYTES) {
        this.#conflated.set(slot, message);
        return;
      }
      this.#conflated.delete(slot);
    } else if (message.kind === "stored") {
      const waiting = this.#conflated.get(slot);
      if (waiting?.place && state.holdsClosed(waiting.place)) this.#conflated.delete(slot);
    }
    const { definition, stream, seq, text } = message;
    const head = { type: message.kind === "recomputed" ? "recomputed" : "update", channel: state.channel, kind: definition.name };
    const place = seq === null ? {} : { stream, seq, prev: state.seq };
    if (seq !== null) state.seq = seq;
    // the payload goes on as it came: numbers keep their digits
    this.#sendText(`${JSON.stringify({ ...head, ...place }).slice(0, -1)},"data":${text}}`);
  }

  /** Sends what was missed; returns how many messages, null where it cannot be had. From then on the subscriptions are live. */
  async #resume(stream: StreamName, subscriptions: Subscription[], after: CursorPlace): Promise<number | null> {
    const channels = subscriptions.map((subscription) => subscription.channel);
    const host = {
      isOpen: () => this.open,
      isBehind: () => this.buffered > CONFLATE_BYTES,
      place: () => this.#parts.feed().place(stream),
      read: (from: number, until: number) => this.#parts.replay.read(stream, channels, from, until),
      reached: (seq: number) => this.#replayed.set(stream, seq),
      send: (message: LiveMessage) => {
        const state = this.#stateOf(message.channel);
        // what a live subscription takes has gone out already
        if (state === null || state.subscriptions.some((one) => takesLive(one, message)) || !state.take(message)) return false;
        this.#deliver(state, message);
        return true;
      },
    };
    const { at, count } = await resumeStream(host, after);
    this.#replayed.delete(stream);
    for (const subscription of subscriptions) subscription.liveFrom = at;
    return count;
  }

  #resync(subscriptions: readonly Subscription[], reason: string, known: readonly InstrumentRow[], snapshot: number): void {
    for (const { channel } of subscriptions) {
      for (const name of expandChannel(channel, known)) {
        const closedUntil = this.#channels.get(name)?.closedUntil ?? null;
        this.send(resyncNotice(name, reason, closedUntil));
        if (snapshot > 0 && channel.name === "candle") this.#beginSnapshot(name, snapshot, closedUntil, known);
      }
    }
  }

  #beginSnapshots(subscriptions: readonly Subscription[], count: number, known: readonly InstrumentRow[]): void {
    const candles = subscriptions.filter(({ channel }) => channel.name === "candle");
    const names = new Set(candles.flatMap(({ channel }) => expandChannel(channel, known)));
    for (const name of names) this.#beginSnapshot(name, count, null, known);
  }

  #beginSnapshot(name: string, count: number, since: number | null, known: readonly InstrumentRow[]): void {
    const state = this.#stateOf(name);
    const [, venue, instrument, timeframe = ""] = name.split(":");
    const row = known.find((candidate) => candidate.venue === venue && candidate.instrument === instrument);
    if (state !== null && row !== undefined) this.#snapshots.begin(state, { row, timeframe, count, since });
  }

  #sendText(text: string): void {
    if (!this.open) return;
    if (this.buffered > CLOSE_BYTES) {
      this.letGo("more than 8 MiB wait for you");
      return;
    }
    this.sent += 1;
    this.#sink.send(text, () => this.cursor);
  }
}
