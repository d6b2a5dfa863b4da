import { candle } from "@tickfleet/contracts/candle-messages";
import { expect, test } from "vitest";
import type { RecentCandle } from "./candle-memory.ts";
import { mergeCandles, type SnapshotCandle } from "./candle-snapshot.ts";
import { ChannelState } from "./channel-state.ts";
import type { LiveKind } from "./live-message.ts";

const message = (kind: LiveKind, openTime: number, revision = 0, series = "UTC|all"): RecentCandle => ({
  definition: candle,
  kind,
  channel: "candle:v:i:1m",
  stream: "CANDLES",
  seq: null,
  place: { series, openTime, revision },
  text: JSON.stringify({ openTime, revision, state: kind === "forming" ? "forming" : revision > 0 ? "revised" : "closed" }),
  arrivedMs: 0,
});
const row = (openTime: number, state: string, revision = 0): SnapshotCandle => ({ openTime, state, revision });

test("a closed candle is taken once per revision, and never a lower one", () => {
  const state = new ChannelState("candle:v:i:1m", []);
  const taken = [message("stored", 1, 1), message("stored", 1, 1), message("stored", 1, 0), message("stored", 1, 2)].map((one) =>
    state.take(one),
  );
  expect(taken).toEqual([true, false, false, true]);
});

test("a forming candle is dropped once its closed candle or a later one is held", () => {
  const state = new ChannelState("candle:v:i:1m", []);
  expect(state.take(message("forming", 1))).toBe(true);
  state.take(message("stored", 2));
  expect([1, 2, 3].map((openTime) => state.take(message("forming", openTime)))).toEqual([false, false, true]);
});

test("while a snapshot is awaited the last message of each candle waits, in order", () => {
  const state = new ChannelState("candle:v:i:1m", []);
  state.awaitSnapshot();
  for (const one of [
    message("forming", 1),
    message("stored", 1),
    message("forming", 2),
    message("recomputed", 0),
    message("recomputed", 0),
  ]) {
    expect(state.take(one)).toBe(false);
  }
  state.take(message("forming", 1));
  expect(state.endWait().map((one) => [one.kind, one.place?.openTime])).toEqual([
    ["stored", 1],
    ["forming", 2],
    ["recomputed", 0],
    ["recomputed", 0],
    ["forming", 1],
  ]);
  expect(state.waits).toBe(false);
});

test("a snapshot is the stored rows under what was published since, and the open candle only above the closed", () => {
  const rows = [row(1, "closed"), row(2, "revised", 2), row(3, "forming")];
  const closed = [message("stored", 0), message("stored", 2, 1), message("stored", 1, 1), message("stored", 3)];
  const merged = mergeCandles(rows, "UTC|all", { closed, forming: [message("forming", 3)] });
  expect(merged.map((candle) => [candle.openTime, candle.state, candle.revision])).toEqual([
    [1, "revised", 1],
    [2, "revised", 2],
    [3, "closed", 0],
  ]);
  const open = mergeCandles(rows, "UTC|all", {
    closed: [],
    forming: [message("forming", 4), message("forming", 5, 0, "UTC|regular")],
  });
  expect(open.map((candle) => candle.openTime)).toEqual([1, 2, 3, 4]);
});
