import { formingCandle } from "@tickfleet/contracts/candle-messages";
import { tradeBatch } from "@tickfleet/contracts/market-messages";
import { filterOf } from "@tickfleet/contracts/message";
import { liveTemplate } from "@tickfleet/contracts/registry";
import type { Bus } from "@tickfleet/runtime/bus";

/** Milliseconds between two hops, by their names, such as `stored-aggregated`. */
export type HopLatencies = Record<string, { p50: number; p99: number }>;

interface Stamped {
  basedOnSeq: number;
  stamps: Record<string, number>;
}

/** Batches whose time is remembered, and samples kept per hop. */
const KEPT = 100_000;
const decoder = new TextDecoder();

/**
 * Watches the messages that pass: the time from the broker's store of a batch to the forming candle that holds it, and
 * between the stamps of a candle. Returns what ends that and gives the times so far.
 */
export function watchLatency(bus: Bus): () => HopLatencies {
  const beganUs = Date.now() * 1000;
  const storedUs = new Map<number, number>();
  const hops = new Map<string, number[]>();
  const live = { ...tradeBatch, template: liveTemplate(tradeBatch) ?? tradeBatch.template };
  const stops = [
    bus.subscribeCore(filterOf(live), (_, __, headers) => {
      const seq = Number(headers?.get("Nats-Sequence"));
      const timeUs = Date.parse(headers?.get("Nats-Time-Stamp") ?? "") * 1000;
      if (seq > 0 && timeUs > 0 && storedUs.size < KEPT) storedUs.set(seq, timeUs);
    }),
    bus.subscribeCore(filterOf(formingCandle, { timeframe: "1m" }), (_, data) => {
      const { stamps, basedOnSeq } = JSON.parse(decoder.decode(data)) as Stamped;
      const stored = storedUs.get(basedOnSeq);
      // the time of receipt in a recorded file is no time of this run
      const times = Object.entries(stored === undefined ? stamps : { ...stamps, stored })
        .filter(([, timeUs]) => timeUs >= beganUs)
        .sort(([, a], [, b]) => a - b);
      for (const [i, [name, timeUs]] of times.entries()) {
        const before = times[i - 1];
        if (before !== undefined) add(`${before[0]}-${name}`, timeUs - before[1]);
      }
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    return Object.fromEntries([...hops].map(([hop, samples]) => [hop, { p50: quantile(samples, 0.5), p99: quantile(samples, 0.99) }]));
  };

  function add(hop: string, us: number): void {
    const samples = hops.get(hop) ?? [];
    if (samples.length < KEPT) samples.push(us / 1000);
    hops.set(hop, samples);
  }
}

/** The value below which this share of the samples lies, in hundredths. */
function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return Math.round(value * 100) / 100;
}
