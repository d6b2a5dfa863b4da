import type { MessageDefinition } from "@tickfleet/contracts/message";

/** Time between two points on the way of messages, milliseconds; `samples` is how many it was measured on. */
export interface HopLatency {
  from: string;
  to: string;
  p50: number;
  p99: number;
  samples: number;
}

export interface MessageLatency {
  stream: string | null;
  message: string;
  hops: HopLatency[];
}

interface Samples {
  timesMs: Float64Array;
  values: Float64Array;
  /** Samples ever taken; the place of the next one is this modulo the length. */
  taken: number;
}

/** Latencies are of messages that came in so many milliseconds. */
export const LATENCY_WINDOW_MS = 300_000;
/** Samples kept per hop, and messages looked at per second and kind. */
const KEPT = 3_000;
const PER_SECOND = 50;

const decoder = new TextDecoder();

/** How long messages take from hop to hop: measured on their stamps, the broker's time of storing, and their arrival here. */
export class LatencyWatch {
  readonly #hops = new Map<string, { definition: MessageDefinition; from: string; to: string; samples: Samples }>();
  readonly #looked = new Map<string, { second: number; count: number }>();
  readonly #now: () => number;

  /** @param now the present, epoch milliseconds with fractions */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param storedUs when the broker stored it, epoch microseconds; null for what it does not store */
  watch(definition: MessageDefinition, data: Uint8Array, storedUs: number | null): void {
    const nowMs = this.#now();
    if (!this.#isWanted(definition.name, nowMs)) return;
    const points = pointsOf(decoder.decode(data));
    if (storedUs !== null) points.push(["stored", storedUs]);
    points.push(["gateway", nowMs * 1_000]);
    // times of a recorded file or of a simulated past are no times of this way
    const recent = points.filter(([, us]) => us > (nowMs - LATENCY_WINDOW_MS) * 1_000).sort((a, b) => a[1] - b[1]);
    const [first] = recent;
    const last = recent.at(-1);
    if (first === undefined || last === undefined) return;
    for (const [i, [to, us]] of recent.entries()) {
      const before = recent[i - 1];
      if (before !== undefined) this.#add(definition, before[0], to, (us - before[1]) / 1_000, nowMs);
    }
    if (recent.length > 2) this.#add(definition, first[0], last[0], (last[1] - first[1]) / 1_000, nowMs);
  }

  /** What was measured within the window, by stream and message. */
  report(): MessageLatency[] {
    const from = this.#now() - LATENCY_WINDOW_MS;
    const found = new Map<string, MessageLatency>();
    for (const hop of this.#hops.values()) {
      const values = valuesSince(hop.samples, from);
      if (values.length === 0) continue;
      const { name, stream } = hop.definition;
      const entry = found.get(name) ?? { stream, message: name, hops: [] };
      found.set(name, entry);
      entry.hops.push({ from: hop.from, to: hop.to, p50: quantile(values, 0.5), p99: quantile(values, 0.99), samples: values.length });
    }
    return [...found.values()].sort((a, b) => (a.message < b.message ? -1 : 1));
  }

  #isWanted(name: string, nowMs: number): boolean {
    const second = Math.floor(nowMs / 1_000);
    const looked = this.#looked.get(name);
    if (looked === undefined || looked.second !== second) this.#looked.set(name, { second, count: 1 });
    else if (looked.count >= PER_SECOND) return false;
    else looked.count += 1;
    return true;
  }

  #add(definition: MessageDefinition, from: string, to: string, value: number, nowMs: number): void {
    const key = `${definition.name}|${from}|${to}`;
    let hop = this.#hops.get(key);
    if (hop === undefined) {
      const samples = { timesMs: new Float64Array(KEPT), values: new Float64Array(KEPT), taken: 0 };
      hop = { definition, from, to, samples };
      this.#hops.set(key, hop);
    }
    const place = hop.samples.taken % KEPT;
    hop.samples.timesMs[place] = nowMs;
    hop.samples.values[place] = value;
    hop.samples.taken += 1;
  }
}

/** Stamps of a message, and the close of a candle, in epoch microseconds. */
function pointsOf(text: string): [string, number][] {
  const stamps = /"stamps":\{([^}]*)\}/.exec(text)?.[1] ?? "";
  const points = [...stamps.matchAll(/"([\w-]{1,40})":(\d+)/g)].map(([, name, us]): [string, number] => [name as string, Number(us)]);
  // an open candle has not closed, and a revision is late by the trade that caused it
  const isFirst = text.includes('"revision":0') && !text.includes('"state":"forming"');
  const closeTime = !isFirst ? undefined : /"closeTime":(\d+)/.exec(text)?.[1];
  if (closeTime !== undefined) points.push(["closed", Number(closeTime) * 1_000]);
  return points;
}

function valuesSince({ timesMs, values, taken }: Samples, fromMs: number): Float64Array {
  const length = Math.min(taken, KEPT);
  return values.subarray(0, length).filter((_, i) => (timesMs[i] as number) >= fromMs);
}

/** The value below which this share of the samples lies, in hundredths. */
function quantile(values: Float64Array, share: number): number {
  const sorted = values.toSorted();
  return Math.round((sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0) * 100) / 100;
}
