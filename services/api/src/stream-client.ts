import type { Timeframe } from "@tickfleet/market/timeframe";
import type { WebSocket } from "ws";
import { readSnapshot, type SnapshotRequest } from "./candle-snapshot.ts";
import { ChannelState } from "./channel-state.ts";
import type { LiveCandles, LiveMessage } from "./live-candles.ts";
import { missedFrom } from "./missed-candles.ts";
import type { ApiStore, InstrumentRow } from "./store.ts";
import { type ChannelPattern, type ChannelRefusal, expand, matches, parseChannel } from "./stream-channel.ts";

/** Channels of one connection, wildcards counted by what they stand for. */
export const MAX_CHANNELS = 1_024;
/** Bytes waiting in the socket from which forming candles are conflated, and from which a client is let go. */
export const CONFLATE_BYTES = 1_048_576;
export const CLOSE_BYTES = 8 * CONFLATE_BYTES;
/** A reader that is so long behind without a pause is let go. */
export const BEHIND_MS = 10_000;
export const CLOSE_TOO_SLOW = 4008;

const RESYNC_LEAST = 100;
const DRAIN_POLL_MS = 10;
const RETRY_MS = 1_000;
const TERMINATE_AFTER_MS = 2_000;

interface QueuedSnapshot extends SnapshotRequest {
  state: ChannelState;
}

/** One connection: its subscriptions, what it holds, and what waits for a slow reader. */
export class StreamClient {
  readonly #socket: WebSocket;
  readonly #store: ApiStore;
  readonly #live: () => LiveCandles;
  readonly #patterns = new Map<string, ChannelPattern>();
  /** Channels met so far; null for those that no pattern wants. */
  readonly #channels = new Map<string, ChannelState | null>();
  readonly #conflated = new Map<string, LiveMessage>();
  /** Snapshots that are to be sent, one a channel: who asks again raises what is asked. */
  readonly #snapshots = new Map<string, QueuedSnapshot>();
  #sendingSnapshots = false;
  #behindSinceMs: number | null = null;
  /** Messages sent on this connection. */
  sent = 0;
  lastPongMs = Date.now();

  constructor(socket: WebSocket, store: ApiStore, live: () => LiveCandles) {
    this.#socket = socket;
    this.#store = store;
    this.#live = live;
  }

  get open(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Bytes that wait in the socket. */
  get buffered(): number {
    return this.#socket.bufferedAmount;
  }

  get subscriptions(): string[] {
    return [...this.#patterns.keys()];
  }

  send(message: object): void {
    this.#sendText(JSON.stringify(message));
  }

  /** Takes the channels that can be had, and begins their snapshots. */
  subscribe(channels: readonly string[], snapshot: number, known: readonly InstrumentRow[], id: unknown): void {
    const accepted: ChannelPattern[] = [];
    const rejected: ChannelRefusal[] = [];
    const wanted = new Set(this.#activeChannels().map((state) => state.channel));
    for (const text of new Set(channels)) {
      const pattern = parseChannel(text, known);
      if ("code" in pattern) {
        rejected.push(pattern);
        continue;
      }
      const names = expand(pattern, known);
      const total = new Set([...wanted, ...names]).size;
      if (total > MAX_CHANNELS) {
        const fix = `a connection takes ${MAX_CHANNELS} channels and would have ${total}: use fewer, or another connection`;
        rejected.push({ channel: text, code: "limit", fix });
        continue;
      }
      for (const name of names) wanted.add(name);
      accepted.push(pattern);
    }
    for (const pattern of accepted) this.#patterns.set(pattern.text, pattern);
    for (const [name, state] of this.#channels) if (state === null) this.#channels.delete(name);
    this.send({ type: "ack", id, accepted: accepted.map((pattern) => pattern.text), rejected });
    if (snapshot === 0) return;
    for (const name of new Set(accepted.flatMap((pattern) => expand(pattern, known)))) this.#beginSnapshot(name, snapshot, null, known);
  }

  /** Ends subscriptions of exactly these texts; returns those that there were. */
  unsubscribe(channels: readonly string[]): string[] {
    const ended = [...new Set(channels)].filter((text) => this.#patterns.delete(text));
    for (const channel of [...this.#channels.keys()]) {
      if (this.#wants(channel)) continue;
      this.#channels.delete(channel);
      this.#snapshots.delete(channel);
    }
    return ended;
  }

  offer(message: LiveMessage): void {
    const state = this.#stateOf(message.channel);
    if (state?.take(message)) this.#deliver(state, message);
  }

  /**
   * Sends forming candles that waited, as soon as the reader has caught up; called again and again.
   * @param nowMs milliseconds of a clock that only goes forward
   */
  flush(nowMs: number): void {
    if (this.#socket.bufferedAmount > CONFLATE_BYTES) {
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

  /** Messages may have been missed: every channel starts again from a snapshot that holds the candles that closed meanwhile. */
  resync(known: readonly InstrumentRow[]): void {
    const names = new Set([...this.#patterns.values()].flatMap((pattern) => expand(pattern, known)));
    for (const state of this.#activeChannels()) names.add(state.channel);
    for (const channel of names) {
      const state = this.#stateOf(channel);
      if (state === null) continue;
      const { closedUntil } = state;
      const from = missedFrom(closedUntil, channel.split(":")[3] as Timeframe);
      this.send({ type: "resync", channel, reason: "connection to the broker was lost", from });
      this.#beginSnapshot(channel, Math.max(state.snapshot, RESYNC_LEAST), closedUntil, known);
    }
  }

  /** Ends the connection of a reader that is too slow. */
  letGo(reason: string): void {
    if (this.open) this.close(CLOSE_TOO_SLOW, `too slow: ${reason}`);
  }

  ping(): void {
    this.#socket.ping();
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
    setTimeout(() => this.#socket.terminate(), TERMINATE_AFTER_MS).unref();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #activeChannels(): ChannelState[] {
    return [...this.#channels.values()].filter((state) => state !== null);
  }

  #wants(channel: string): boolean {
    return [...this.#patterns.values()].some((pattern) => matches(pattern, channel));
  }

  #stateOf(channel: string): ChannelState | null {
    const known = this.#channels.get(channel);
    if (known !== undefined) return known;
    const wanted = this.#wants(channel) && this.#activeChannels().length < MAX_CHANNELS;
    const state = wanted ? new ChannelState(channel, 0) : null;
    this.#channels.set(channel, state);
    return state;
  }

  #deliver(state: ChannelState, message: LiveMessage): void {
    const slot = `${message.channel}|${message.series}`;
    if (message.kind === "forming") {
      if (this.#socket.bufferedAmount > CONFLATE_BYTES) {
        this.#conflated.set(slot, message);
        return;
      }
      this.#conflated.delete(slot);
    } else if (message.kind === "closed") {
      const waiting = this.#conflated.get(slot);
      if (waiting !== undefined && state.holdsClosed(waiting)) this.#conflated.delete(slot);
    }
    const type = message.kind === "recomputed" ? "recomputed" : "update";
    const prev = state.seq;
    state.seq += 1;
    this.#sendText(
      `{"type":"${type}","channel":${JSON.stringify(state.channel)},"seq":${state.seq},"prev":${prev},"data":${message.text}}`,
    );
  }

  #beginSnapshot(channel: string, count: number, since: number | null, known: readonly InstrumentRow[]): void {
    const state = this.#stateOf(channel);
    const [, venue, instrument, timeframe = ""] = channel.split(":");
    const row = known.find((candidate) => candidate.venue === venue && candidate.instrument === instrument);
    if (state === null || row === undefined) return;
    state.snapshot = Math.max(state.snapshot, count);
    state.awaitSnapshot();
    const queued = this.#snapshots.get(channel);
    if (queued === undefined) {
      this.#snapshots.set(channel, { state, row, timeframe, count, since });
      if (!this.#sendingSnapshots) void this.#sendSnapshots();
      return;
    }
    queued.count = Math.max(queued.count, count);
    if (since !== null) queued.since = Math.min(queued.since ?? since, since);
  }

  async #sendSnapshots(): Promise<void> {
    this.#sendingSnapshots = true;
    for (const request of this.#snapshots.values()) await this.#sendSnapshot(request);
    this.#sendingSnapshots = false;
  }

  /** One snapshot after the other, and none while the reader is behind; a database that is away is asked again. */
  async #sendSnapshot(request: QueuedSnapshot): Promise<void> {
    const { state } = request;
    let told = false;
    while (this.open && this.#channels.get(state.channel) === state) {
      if (this.#socket.bufferedAmount > CONFLATE_BYTES) {
        await delay(DRAIN_POLL_MS);
        continue;
      }
      // who asks from now on may know of more than is read now, and gets another one
      if (this.#snapshots.get(state.channel) === request) this.#snapshots.delete(state.channel);
      try {
        const snapshot = await readSnapshot(this.#store, request, () => this.#live().recent(state.channel));
        for (const candle of snapshot.candles) {
          if (candle.state !== "forming") state.hold(snapshot.series, candle.openTime, candle.revision);
        }
        this.send({ type: "snapshot", channel: state.channel, seq: state.seq, data: snapshot.candles });
        if (this.#snapshots.has(state.channel)) return;
        for (const message of state.endWait()) if (state.take(message)) this.#deliver(state, message);
        return;
      } catch (error) {
        const fix = "wait: the snapshot comes when the database is back";
        if (!told) this.send({ type: "error", code: "unavailable", channel: state.channel, detail: describe(error), fix, id: null });
        told = true;
        await delay(RETRY_MS);
      }
    }
  }

  #sendText(text: string): void {
    if (!this.open) return;
    if (this.#socket.bufferedAmount > CLOSE_BYTES) {
      this.letGo("more than 8 MiB wait for you");
      return;
    }
    this.sent += 1;
    this.#socket.send(text);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Lets those go that are furthest behind, until all that wait in sockets together is within the bound. */
export function shedLoad(clients: Iterable<StreamClient>, maxBytes: number): void {
  const open = [...clients].filter((client) => client.open && client.buffered > 0);
  let total = open.reduce((sum, client) => sum + client.buffered, 0);
  if (total <= maxBytes) return;
  open.sort((a, b) => b.buffered - a.buffered);
  for (const client of open) {
    if (total <= maxBytes) return;
    total -= client.buffered;
    client.letGo("the gateway holds too much for all clients together, and you are furthest behind");
  }
}
