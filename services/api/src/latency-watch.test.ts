import { candle, formingCandle } from "@tickfleet/contracts/candle-messages";
import { tradeBatch } from "@tickfleet/contracts/market-messages";
import { expect, test } from "vitest";
import { LATENCY_WINDOW_MS, LatencyWatch } from "./latency-watch.ts";

const NOW = 1_718_000_100_000;
const encode = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function open() {
  const clock = { ms: NOW };
  return { clock, watch: new LatencyWatch(() => clock.ms) };
}

test("a message is measured from stamp to stamp in the order of time, then to the broker, then to here", () => {
  const { watch } = open();
  const stamps = { published: (NOW - 20) * 1_000, received: (NOW - 30) * 1_000 };
  watch.watch(tradeBatch, encode({ stamps }), (NOW - 15) * 1_000);
  expect(watch.report()).toEqual([
    {
      stream: "MARKET",
      message: "trade-batch",
      hops: [
        { from: "received", to: "published", p50: 10, p99: 10, samples: 1 },
        { from: "published", to: "stored", p50: 5, p99: 5, samples: 1 },
        { from: "stored", to: "gateway", p50: 15, p99: 15, samples: 1 },
        { from: "received", to: "gateway", p50: 30, p99: 30, samples: 1 },
      ],
    },
  ]);
});

test("a closed candle is measured from its close, an open one is not, and the times of a past are left out", () => {
  const { watch } = open();
  watch.watch(candle, encode({ state: "closed", revision: 0, closeTime: NOW - 400, stamps: {} }), (NOW - 100) * 1_000);
  watch.watch(candle, encode({ state: "closed", revision: 0, closeTime: NOW - LATENCY_WINDOW_MS - 1, stamps: {} }), (NOW - 100) * 1_000);
  watch.watch(candle, encode({ state: "revised", revision: 1, closeTime: NOW - 90_000, stamps: {} }), (NOW - 100) * 1_000);
  watch.watch(
    formingCandle,
    encode({ state: "forming", revision: 0, closeTime: NOW - 400, stamps: { aggregated: (NOW - 2) * 1_000 } }),
    null,
  );
  const hops = watch
    .report()
    .map(({ message, hops: found }) => [message, found.map(({ from, to, samples }) => `${from}-${to} ${samples}`)]);
  expect(hops).toEqual([
    ["candle", ["closed-stored 1", "stored-gateway 3", "closed-gateway 1"]],
    ["forming-candle", ["aggregated-gateway 1"]],
  ]);
});

test("only the window counts, and at most fifty messages a second of a kind", () => {
  const { watch, clock } = open();
  for (let i = 0; i < 200; i++) watch.watch(tradeBatch, encode({ stamps: {} }), (NOW - i) * 1_000);
  expect(watch.report()[0]?.hops[0]).toEqual({ from: "stored", to: "gateway", p50: 24, p99: 49, samples: 50 });
  clock.ms += LATENCY_WINDOW_MS + 1;
  expect(watch.report()).toEqual([]);
});
