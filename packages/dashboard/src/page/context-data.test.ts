import { createClient } from "@tickfleet/client/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { gatewaySays, stubPage } from "../../test/fake-page.ts";

/** Newest row of both lists. */
let stored: { time: number };
let isAway: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  stubPage(async () => {
    if (isAway) return new Response("{}", { status: 503, headers: { "retry-after": "0" } });
    return Response.json({ data: [stored], cursor: null });
  });
  stored = { time: 10 };
  isAway = false;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("after a resync the newest of the list is shown, as soon as it can be read, but not in place of what is newer", async () => {
  const { ContextData } = await import("./context-data.ts");
  const { futuresOf, sentimentOf } = await import("./store.ts");
  const client = createClient({ url: "http://gateway" });
  const context = new ContextData(client, client.live({ onState: () => {} }));
  context.show("demo", "BTC-USDT");
  const channels = ["sentiment:demo:BTC", "futures:demo:BTC-USDT-PERP"];
  const says = async (fields: object): Promise<void> => {
    for (const channel of channels) gatewaySays({ ...fields, channel });
    await vi.advanceTimersByTimeAsync(100);
  };
  const shown = (): (number | undefined)[] =>
    [sentimentOf.value, futuresOf.value].map((part) => ("value" in part ? part.value?.time : undefined));
  await vi.advanceTimersByTimeAsync(100);
  expect(shown()).toEqual([10, 10]);
  await says({ type: "update", data: { time: 20 } });
  expect(shown()).toEqual([20, 20]);
  stored = { time: 30 };
  isAway = true;
  await says({ type: "resync" });
  expect(shown()).toEqual([20, 20]);
  isAway = false;
  await vi.advanceTimersByTimeAsync(20_000);
  expect(shown()).toEqual([30, 30]);
  stored = { time: 25 };
  await says({ type: "resync" });
  expect(shown()).toEqual([30, 30]);
});
