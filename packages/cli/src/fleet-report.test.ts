import { expect, test } from "vitest";
import { leftOfReplay } from "./fleet-report.ts";

const market = { created: "now", lastSeq: 1_000 };
const job = { lastSeq: 900, streamCreated: "now" };
const readers = (recorder: number, aggregator: number) => [
  { name: "recorder", lag: recorder },
  { name: "aggregator", lag: aggregator },
  { name: "indicator", lag: 5_000 },
];

test("a replay has messages left while a reader of MARKET is before its last one", () => {
  expect(leftOfReplay(job, market, readers(0, 400))).toEqual({ reader: "aggregator", messages: 300 });
  expect(leftOfReplay(job, market, readers(500, 400))).toEqual({ reader: "recorder", messages: 400 });
});

test("it has none once both passed it, though they are behind the end, nor where its MARKET is gone", () => {
  expect(leftOfReplay(job, market, readers(0, 100))).toBeNull();
  expect(leftOfReplay({ ...job, streamCreated: "before" }, market, readers(0, 400))).toBeNull();
  expect(leftOfReplay({ ...job, lastSeq: null }, market, readers(0, 400))).toBeNull();
  expect(leftOfReplay(job, undefined, readers(0, 400))).toBeNull();
});
