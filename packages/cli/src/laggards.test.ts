import { expect, test } from "vitest";
import { type FleetPositions, findLaggards } from "./laggards.ts";

const lane = { lane: 0, owner: null, held: true };
const at = (seq: number, streamCreated: string | null = "now") => ({ streamCreated, seq });
const derived = (seq: number, written: number, streamCreated = "now") => ({ ...lane, ...at(seq, streamCreated), written: at(written) });
const settled: FleetPositions = {
  recorder: at(100),
  lanes: [at(100), at(120)],
  indicatorLanes: [derived(50, 50), { ...lane, ...at(0, null), written: at(0, null) }],
  patternLanes: [derived(7, 7)],
};

test("nobody is behind where all is committed", () => {
  expect(findLaggards("now", 100, settled)).toBeNull();
});

test("the slowest of those that read MARKET tells how many messages are left", () => {
  expect(findLaggards("now", 100, { ...settled, lanes: [at(10), at(40), at(100)] })).toEqual({
    who: "2 of the aggregator's lanes",
    messages: 90,
  });
  expect(findLaggards("now", 100, { ...settled, recorder: at(99), lanes: [at(98)] })).toEqual({
    who: "the recorder, 1 of the aggregator's lanes",
    messages: 2,
  });
});

test("readers of an earlier MARKET have all of the new one before them, though it is empty", () => {
  expect(findLaggards("new", 30, settled)).toEqual({ who: "the recorder, 2 of the aggregator's lanes", messages: 30 });
  expect(findLaggards("new", 0, { ...settled, recorder: at(0, "new") })).toEqual({ who: "2 of the aggregator's lanes", messages: 1 });
});

test("services behind others are told once those are done, in the order of the messages' way", () => {
  const late = { indicatorLanes: [derived(20, 50), derived(45, 50)], patternLanes: [derived(1, 7)] };
  expect(findLaggards("now", 100, { ...settled, ...late, lanes: [at(99)] })?.who).toBe("1 of the aggregator's lanes");
  expect(findLaggards("now", 100, { ...settled, ...late })).toEqual({ who: "2 of the indicator's lanes", messages: 30 });
  expect(findLaggards("now", 100, { ...settled, patternLanes: [derived(900, 7, "before")] })).toEqual({
    who: "1 of the pattern-detector's lanes",
    messages: 7,
  });
});
