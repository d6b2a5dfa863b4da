import { candle, candleRecomputed, formingCandle } from "@tickfleet/contracts/candle-messages";
import { filterOf, type MessageDefinition, parametersOf } from "@tickfleet/contracts/message";
import { liveTemplate } from "@tickfleet/contracts/registry";
import type { Bus } from "@tickfleet/runtime/bus";

/** A candle message on its way to clients: its text as it came, and what decides whether a client gets it. */
export interface LiveMessage {
  kind: "closed" | "forming" | "recomputed";
  /** Channel, `candle:<venue>:<instrument>:<timeframe>`. */
  channel: string;
  /** Anchor and session: the series within the channel. */
  series: string;
  openTime: number;
  revision: number;
  text: string;
  arrivedMs: number;
}

/** What a snapshot must know beyond the table: candles that may not be stored yet, and the open ones. */
export interface RecentCandles {
  closed: readonly LiveMessage[];
  forming: readonly LiveMessage[];
}

interface ChannelMemory {
  closed: LiveMessage[];
  forming: Map<string, LiveMessage>;
}

/** Closed candles are published before their rows are committed: this many are kept, at least and at most, and for so long. */
const KEPT_LEAST = 32;
const KEPT_MOST = 500;
const KEPT_MS = 15_000;
const RECONNECT_POLL_MS = 200;
/** After a reconnect the table is read only once what was published in between has had time to be committed. */
const RESYNC_DELAY_MS = 1_500;

const decoder = new TextDecoder();

/** Candles as they are published, for all clients of this process. */
export class LiveCandles {
  readonly #memory = new Map<string, ChannelMemory>();
  readonly #stops: (() => void)[] = [];
  readonly #onMessage: (message: LiveMessage) => void;

  /** @param onMissed called after messages may have been missed: what clients hold has to be read again */
  constructor(bus: Bus, onMessage: (message: LiveMessage) => void, onMissed: () => void) {
    this.#onMessage = onMessage;
    for (const [definition, kind] of [
      [liveForm(candle), "closed"],
      [liveForm(candleRecomputed), "recomputed"],
      [formingCandle, "forming"],
    ] as const) {
      this.#stops.push(bus.subscribeCore(filterOf(definition), (subject, data) => this.#receive(definition, kind, subject, data)));
    }
    this.#watchReconnects(bus, onMissed);
  }

  recent(channel: string): RecentCandles {
    const memory = this.#memory.get(channel);
    return { closed: memory?.closed ?? [], forming: [...(memory?.forming.values() ?? [])] };
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  #receive(definition: MessageDefinition, kind: LiveMessage["kind"], subject: string, data: Uint8Array): void {
    const parameters = parametersOf(definition, subject);
    if (parameters === null) return;
    const message = readMessage(kind, channelName(parameters), decoder.decode(data));
    if (message === null) return;
    if (kind !== "recomputed") this.#remember(message);
    this.#onMessage(message);
  }

  #remember(message: LiveMessage): void {
    let memory = this.#memory.get(message.channel);
    if (memory === undefined) {
      memory = { closed: [], forming: new Map() };
      this.#memory.set(message.channel, memory);
    }
    if (message.kind === "forming") {
      memory.forming.set(message.series, message);
      return;
    }
    const open = memory.forming.get(message.series);
    if (open !== undefined && open.openTime <= message.openTime) memory.forming.delete(message.series);
    const { closed } = memory;
    closed.push(message);
    const old = message.arrivedMs - KEPT_MS;
    while (closed.length > KEPT_MOST || (closed.length > KEPT_LEAST && (closed[0] as LiveMessage).arrivedMs < old)) closed.shift();
  }

  #watchReconnects(bus: Bus, onMissed: () => void): void {
    let seen = bus.reconnects();
    let delay: NodeJS.Timeout | undefined;
    const poll = setInterval(() => {
      if (bus.reconnects() === seen) return;
      seen = bus.reconnects();
      clearTimeout(delay);
      delay = setTimeout(onMissed, RESYNC_DELAY_MS);
    }, RECONNECT_POLL_MS);
    this.#stops.push(() => {
      clearInterval(poll);
      clearTimeout(delay);
    });
  }
}

export function channelName(parts: Readonly<Record<string, string>>): string {
  return `candle:${parts["venue"]}:${parts["instrument"]}:${parts["timeframe"]}`;
}

/** The message as it is republished to those without rights on the stream. */
function liveForm(definition: MessageDefinition): MessageDefinition {
  const template = liveTemplate(definition);
  if (template === null) throw new RangeError(`${definition.name} is not republished`);
  return { ...definition, template };
}

/** Reads the few fields that matter without parsing the rest; a quote inside a text is escaped and cannot be taken for a field. */
function readMessage(kind: LiveMessage["kind"], channel: string, text: string): LiveMessage | null {
  const anchor = /"anchor":"([^"]*)"/.exec(text)?.[1];
  const session = /"session":"([^"]*)"/.exec(text)?.[1];
  const openTime = /"(?:openTime|from)":(-?\d+)/.exec(text)?.[1];
  if (anchor === undefined || session === undefined || openTime === undefined) return null;
  const revision = Number(/"revision":(\d+)/.exec(text)?.[1] ?? 0);
  return { kind, channel, series: `${anchor}|${session}`, openTime: Number(openTime), revision, text, arrivedMs: Date.now() };
}
