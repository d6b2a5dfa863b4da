import { setTimeout as sleep } from "node:timers/promises";
import { readSnapshot, type SnapshotRequest } from "./candle-snapshot.ts";
import type { ChannelState } from "./channel-state.ts";
import type { LiveFeed } from "./live-feed.ts";
import type { LiveMessage } from "./live-message.ts";
import type { ApiStore } from "./store.ts";

/** The connection that snapshots go to. */
export interface SnapshotHost {
  isOpen(): boolean;
  /** The reader is too far behind for more than it must have. */
  isBehind(): boolean;
  send(message: object): void;
  deliver(state: ChannelState, message: LiveMessage): void;
  /** Whether the channel is still wanted. */
  wants(state: ChannelState): boolean;
}

const POLL_MS = 10;
const RETRY_MS = 1_000;

/** Snapshots of one connection: one after the other, and none while the reader is behind; a database that is away is asked again. */
export class ClientSnapshots {
  readonly #host: SnapshotHost;
  readonly #store: ApiStore;
  readonly #feed: () => Pick<LiveFeed, "place" | "recent">;
  /** What is to be sent, one a channel: who asks again raises what is asked. */
  readonly #queue = new Map<ChannelState, SnapshotRequest>();
  #sending = false;

  constructor(host: SnapshotHost, store: ApiStore, feed: () => Pick<LiveFeed, "place" | "recent">) {
    this.#host = host;
    this.#store = store;
    this.#feed = feed;
  }

  /** Messages of the channel wait from now on until its snapshot is sent, which holds everything up to this moment. */
  begin(state: ChannelState, request: SnapshotRequest): void {
    state.snapshot = Math.max(state.snapshot, request.count);
    state.seq ??= this.#feed().place("CANDLES")?.seq ?? null;
    state.awaitSnapshot();
    const queued = this.#queue.get(state);
    if (queued === undefined) {
      this.#queue.set(state, { ...request, count: state.snapshot });
      if (!this.#sending) void this.#sendAll();
      return;
    }
    queued.count = state.snapshot;
    if (request.since !== null) queued.since = Math.min(queued.since ?? request.since, request.since);
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    for (const [state, request] of this.#queue) {
      await this.#send(state, request);
      if (this.#queue.get(state) === request) this.#queue.delete(state);
    }
    this.#sending = false;
  }

  async #send(state: ChannelState, request: SnapshotRequest): Promise<void> {
    let told = false;
    while (this.#host.isOpen() && this.#host.wants(state)) {
      if (this.#host.isBehind()) {
        await sleep(POLL_MS);
        continue;
      }
      // who asks from now on may know of more than is read now, and gets another one
      this.#queue.delete(state);
      try {
        const { candles, series } = await readSnapshot(this.#store, request, () => this.#feed().recent(state.channel));
        for (const { state: stage, openTime, revision } of candles) if (stage !== "forming") state.hold({ series, openTime, revision });
        const waited = this.#queue.has(state) ? [] : state.endWait();
        this.#host.send({ type: "snapshot", channel: state.channel, seq: state.seq, data: candles });
        for (const message of waited) if (state.take(message)) this.#host.deliver(state, message);
        return;
      } catch (error) {
        const fix = "wait: the snapshot comes when the database is back";
        const detail = error instanceof Error ? error.message : String(error);
        if (!told) this.#host.send({ type: "error", code: "unavailable", channel: state.channel, detail, fix, id: null });
        told = true;
        await sleep(RETRY_MS);
      }
    }
  }
}
