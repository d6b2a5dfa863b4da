import { formingCandle } from "@tickfleet/contracts/candle-messages";
import { filterOf } from "@tickfleet/contracts/message";
import { partitionOf } from "@tickfleet/contracts/tokens";
import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import { createTradeColumns } from "@tickfleet/market/trade";
import { openBus } from "@tickfleet/runtime/bus";
import { startNats } from "@tickfleet/testkit/nats";
import { afterEach, expect, test, vi } from "vitest";
import { FormingUpdates } from "../src/forming.ts";
import { LaneState } from "../src/lane-state.ts";

const NAME = { venue: "test", instrument: "AAA-USD" };
const START_US = Date.UTC(2026, 0, 5, 12) * 1000;
const STRETCH_MS = 200;

interface Update {
  timeframe: string;
  basedOnSeq: number;
  trades: number;
  stamps: { aggregated: number };
}

afterEach(() => void vi.useRealTimers());

test("a trade is in the minute's open candle within 10 ms and in those of all other timeframes within 15, and each is sent no oftener", async () => {
  await using nats = await startNats();
  const bus = await openBus({ url: nats.url, name: "test" });
  const updates: Update[] = [];
  bus.subscribeCore(filterOf(formingCandle), (_, data) => void updates.push(JSON.parse(Buffer.from(data).toString()) as Update));
  await bus.connection.flush();

  const lane = new LaneState(partitionOf(NAME.venue, NAME.instrument));
  const traits = { venueSymbol: "AAAUSD", calendar: "crypto", kind: "spot", contractSize: 1, closeDelayMs: 250 } as const;
  lane.list({ ...NAME, ...traits, priceScale: 2, sizeScale: 3 }, START_US);
  const entry = lane.find(NAME.venue, NAME.instrument);
  if (entry === undefined) throw new Error("the lane took no instrument");
  vi.useFakeTimers({ toFake: ["performance"] });
  const forming = new FormingUpdates(bus, { minuteMs: 10, longerMs: 15 });
  const beganUs = (performance.timeOrigin + performance.now()) * 1000;
  // message n comes in the n-th millisecond and brings trade n
  for (let n = 1; n <= STRETCH_MS + 20; n++) {
    vi.advanceTimersByTime(1);
    if (n <= STRETCH_MS) {
      const batch = Object.assign(createTradeColumns(1), { ...NAME, count: 1, epoch: "", priceScale: 2, sizeScale: 3 });
      batch.eventTimeUs[0] = START_US + n * 1000;
      batch.sourceSeq[0] = n;
      batch.price[0] = 10_000 + n;
      batch.size[0] = 5;
      entry.series.addBatch(batch);
      Object.assign(entry, { changed: true, basedOnSeq: n });
    }
    forming.send([lane]);
  }
  vi.useRealTimers();
  await bus.connection.flush();
  await bus.close();

  for (const timeframe of TIMEFRAMES) {
    const limitMs = timeframe === "1m" ? 10 : 15;
    const own = updates.filter((update) => update.timeframe === timeframe);
    const sentMs = own.map(({ stamps }) => Math.round((stamps.aggregated - beganUs) / 1000));
    const waits = Array.from({ length: STRETCH_MS }, (_, i) => (sentMs[own.findIndex(({ trades }) => trades > i)] ?? Infinity) - (i + 1));
    expect([timeframe, Math.max(...waits) <= limitMs]).toEqual([timeframe, true]);
    const pauses = sentMs.slice(1).map((sent, i) => sent - (sentMs[i] as number));
    expect([timeframe, Math.min(...pauses) >= limitMs]).toEqual([timeframe, true]);
    expect(own.at(-1)).toMatchObject({ trades: STRETCH_MS, basedOnSeq: STRETCH_MS });
  }
});
