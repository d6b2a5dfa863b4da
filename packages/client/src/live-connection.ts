import { matchesChannel } from "@tickfleet/contracts/channel-match";

/** Whether messages come; `offline` says why not, and when the next attempt is. */
export type LiveState = { state: "connecting" } | { state: "open" } | { state: "offline"; reason: string; retryInMs: number };

/** What comes on a channel. */
export type LiveMessage<Data = unknown> =
  | { type: "snapshot"; channel: string; data: Data[] }
  | { type: "update"; channel: string; kind: string; stream?: string; seq?: number; data: Data }
  /** Rows in [from, to), epoch milliseconds, were written again: read them. */
  | { type: "recomputed"; channel: string; kind: string; data: { from: number; to: number } }
  /** What was missed cannot be sent: read the list again. */
  | { type: "resync"; channel: string; reason: string; from: number | null; read: string | null };

export interface LiveOptions {
  /** Called whenever the connection comes or goes. */
  onState(state: LiveState): void;
  /** Called with a channel that the gateway does not take. */
  onRefused?(channel: string, fix: string): void;
}

export interface SubscribeOptions {
  /** Candles that a candle channel begins with. */
  snapshot?: number;
}

interface Subscription {
  channel: string;
  snapshot: number;
  /** Asked for, taken by the gateway, or here with its snapshot: only then there is something to go on from. */
  progress: "asked" | "taken" | "begun";
  onMessage(message: LiveMessage<never>): void;
}

/** A subscribe or unsubscribe message that is not answered in full. */
interface Ask {
  subscriptions: readonly Subscription[];
  /** Channels to end; none where it subscribes. */
  ended: readonly string[];
  /** Type of the last answer; who goes on from a cursor is told `resumed` when all that was missed has been sent. */
  answer: "ack" | "resumed";
}

/** A message of the gateway, as far as this connection looks into it. */
interface Received {
  type: string;
  id?: number | null;
  code?: string;
  channel?: string;
  seq?: number;
  cursor?: string;
  reconnectInMs?: number;
  rejected?: { channel: string; code: string; fix: string }[];
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** Snapshots are of candles, and the cursor leaves their stream out while one of them is still to come. */
const SNAPSHOT_CLASS = "candle";
const SNAPSHOT_STREAM = "CANDLES";
/** The gateway sends something every 5 s. */
const SILENT_MS = 12_000;
/** Answer to the end of a channel that the gateway did not have, or had ended before it was asked again. */
const NOT_SUBSCRIBED = "not-subscribed";
const LOOK_MS = 1_000;

/**
 * The gateway's stream. It connects again by itself, with growing pauses, and takes up each channel where it was:
 * what was missed comes before what is new, each message once; where that cannot be had, `resync` says so.
 */
export class LiveConnection {
  readonly #url: string;
  readonly #options: LiveOptions;
  readonly #subscriptions = new Set<Subscription>();
  /** Newest sequence seen of each channel: what comes again after a reconnect is dropped by it. */
  readonly #seen = new Map<string, number>();
  readonly #asked = new Map<number, Ask>();
  /** Asks that the gateway could not serve, to be sent again. */
  readonly #failed = new Set<number>();
  #askAgain: ReturnType<typeof setTimeout> | undefined;
  #askAgainMs = FIRST_RETRY_MS;
  /** Subscriptions and channels that the gateway is to be told of. */
  #added: Subscription[] = [];
  readonly #ended = new Set<string>();
  #isFlushing = false;
  #socket: WebSocket | null = null;
  /** Up to where each stream has come, as the gateway writes it. */
  readonly #cursor = new Map<string, string>();
  #nextId = 1;
  #retryMs = FIRST_RETRY_MS;
  #fixedRetryMs: number | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #heardMs = 0;
  readonly #watch: ReturnType<typeof setInterval>;
  #closed = false;

  constructor(url: string, options: LiveOptions) {
    this.#url = url;
    this.#options = options;
    this.#watch = setInterval(() => this.#lookForSilence(), LOOK_MS);
    this.#connect();
  }

  /** Takes a channel, such as `candle:demo:BTC-USDT:1m` or `signal:*:*:*`; returns what ends that. */
  subscribe<Data>(channel: string, options: SubscribeOptions, onMessage: (message: LiveMessage<Data>) => void): () => void {
    const subscription: Subscription = { channel, snapshot: options.snapshot ?? 0, progress: "asked", onMessage };
    this.#subscriptions.add(subscription);
    this.#added.push(subscription);
    this.#flushSoon();
    return () => {
      this.#subscriptions.delete(subscription);
      if ([...this.#subscriptions].some((other) => other.channel === channel)) return;
      this.#forget(channel);
      this.#ended.add(channel);
      this.#flushSoon();
    };
  }

  /** Tries now instead of after the pause. */
  reconnect(): void {
    if (this.#socket === null && !this.#closed) this.#connect();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#watch);
    clearTimeout(this.#retry);
    clearTimeout(this.#askAgain);
    this.#socket?.close();
  }

  get #isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#options.onState({ state: "connecting" });
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#heardMs = Date.now();
    socket.addEventListener("open", () => {
      this.#options.onState({ state: "open" });
      this.#ended.clear();
      this.#added = [];
      this.#askAll([...this.#subscriptions]);
    });
    socket.addEventListener("message", (event) => {
      if (socket === this.#socket) this.#receive(JSON.parse(String(event.data)) as Received);
    });
    socket.addEventListener("close", (event) => this.#onClose(socket, event.reason));
  }

  #onClose(socket: WebSocket, reason: string): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.#asked.clear();
    this.#failed.clear();
    if (this.#closed) return;
    const retryInMs = Math.round(this.#fixedRetryMs ?? this.#retryMs * (0.5 + Math.random() / 2));
    this.#fixedRetryMs = null;
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    this.#options.onState({ state: "offline", reason, retryInMs });
    this.#retry = setTimeout(() => this.#connect(), retryInMs);
  }

  /** A connection that died without a word is given up. */
  #lookForSilence(): void {
    const socket = this.#socket;
    if (socket === null || Date.now() - this.#heardMs < SILENT_MS) return;
    socket.close();
    this.#onClose(socket, "no heartbeat");
  }

  /** What is asked for in one go is sent as one message: the gateway takes few of them a second. */
  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      const added = this.#added.filter((one) => this.#subscriptions.has(one));
      const ended = [...this.#ended];
      this.#added = [];
      this.#ended.clear();
      if (!this.#isOpen) return;
      this.#askToEnd(ended);
      this.#askAll(added);
    });
  }

  /** Has those of the channels ended that nobody has taken again by now. */
  #askToEnd(channels: readonly string[]): void {
    const wanted = new Set([...this.#subscriptions].map((one) => one.channel));
    const ended = channels.filter((channel) => !wanted.has(channel));
    if (ended.length === 0) return;
    const id = this.#nextId++;
    this.#asked.set(id, { subscriptions: [], ended, answer: "ack" });
    this.#send({ op: "unsubscribe", id, channels: ended });
  }

  /** Channels with a snapshot last: when it comes, all the others have begun. */
  #askAll(subscriptions: readonly Subscription[]): void {
    const snapshots = [...new Set(subscriptions.map((one) => one.snapshot))].sort((a, b) => a - b);
    for (const snapshot of snapshots) {
      const group = subscriptions.filter((one) => one.snapshot === snapshot);
      for (const isReturn of [true, false]) {
        const some = group.filter((one) => (one.progress === "begun") === isReturn);
        if (some.length > 0) this.#ask(snapshot, some, isReturn);
      }
    }
  }

  #ask(snapshot: number, subscriptions: readonly Subscription[], isReturn: boolean): void {
    const id = this.#nextId++;
    const after = isReturn && this.#cursor.size > 0 ? { after: [...this.#cursor.values()].join(",") } : {};
    this.#asked.set(id, { subscriptions, ended: [], answer: "after" in after ? "resumed" : "ack" });
    const channels = [...new Set(subscriptions.map((one) => one.channel))];
    this.#send({ op: "subscribe", id, channels, snapshot, ...after });
  }

  #send(message: object): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #receive(message: Received): void {
    this.#heardMs = Date.now();
    const { type, channel } = message;
    // a gateway that is full opens the connection too, and closes it without either
    if (type === "ack" || type === "heartbeat") this.#retryMs = FIRST_RETRY_MS;
    this.#onAnswer(message);
    if (message.cursor !== undefined) this.#takeCursor(message.cursor);
    if (type === "shutdown") this.#fixedRetryMs = message.reconnectInMs ?? null;
    for (const { channel: refused, code, fix } of message.rejected ?? [])
      if (code !== NOT_SUBSCRIBED) this.#options.onRefused?.(refused, fix);
    if (channel === undefined || !["snapshot", "update", "recomputed", "resync"].includes(type)) return;
    if (type === "resync") this.#forget(channel);
    if (message.seq !== undefined && type !== "snapshot") {
      if (message.seq <= (this.#seen.get(channel) ?? 0)) return;
      this.#seen.set(channel, message.seq);
    }
    for (const subscription of this.#subscriptions) {
      if (subscription.channel === channel || matchesChannel(subscription.channel, channel))
        subscription.onMessage(message as LiveMessage<never>);
    }
  }

  #onAnswer({ type, id, code }: Received): void {
    const ask = this.#asked.get(id ?? 0);
    if (type === "error") {
      // what is sent too fast is refused unread, without its id
      if (ask !== undefined) this.#failed.add(id as number);
      else if (code === "rate-limited") for (const unanswered of this.#asked.keys()) this.#failed.add(unanswered);
      if (this.#failed.size > 0) this.#askAgainLater();
    } else if (ask?.answer === type) {
      this.#asked.delete(id as number);
      this.#askAgainMs = FIRST_RETRY_MS;
      for (const one of ask.subscriptions) {
        const waits = one.snapshot > 0 && one.channel.startsWith(`${SNAPSHOT_CLASS}:`);
        if (one.progress === "asked") one.progress = waits ? "taken" : "begun";
      }
    }
  }

  #askAgainLater(): void {
    if (this.#askAgain !== undefined) return;
    const pauseMs = this.#askAgainMs * (0.5 + Math.random() / 2);
    this.#askAgainMs = Math.min(this.#askAgainMs * 2, LONGEST_RETRY_MS);
    this.#askAgain = setTimeout(() => {
      this.#askAgain = undefined;
      const failed = [...this.#failed].flatMap((id) => this.#asked.get(id) ?? []);
      for (const id of this.#failed) this.#asked.delete(id);
      this.#failed.clear();
      this.#askToEnd(failed.flatMap((ask) => ask.ended));
      this.#askAll(failed.flatMap((ask) => ask.subscriptions).filter((one) => this.#subscriptions.has(one)));
    }, pauseMs);
  }

  /** Takes a cursor stream by stream; while channels go on from one, it stays where they do. */
  #takeCursor(cursor: string): void {
    const isInUse = [...this.#asked.values()].some(({ answer }) => answer === "resumed");
    const places = new Map(cursor.split(",").map((place) => [place.split(":", 1)[0] as string, place]));
    for (const [stream, place] of places) if (place !== "" && !(isInUse && this.#cursor.has(stream))) this.#cursor.set(stream, place);
    if (isInUse || !places.has(SNAPSHOT_STREAM)) return;
    for (const one of this.#subscriptions) if (one.progress === "taken") one.progress = "begun";
  }

  /** What comes next on the channel is not compared with what was seen before. */
  #forget(channel: string): void {
    for (const seen of this.#seen.keys()) if (matchesChannel(channel, seen)) this.#seen.delete(seen);
  }
}
