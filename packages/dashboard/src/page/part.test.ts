import { expect, test } from "vitest";
import { newerOf } from "./part.ts";

test("what is shown is the newest by its own time, whichever way and in whatever order it comes", () => {
  const ready = (time: number | null) => ({ state: "ready", value: time === null ? null : { time } }) as const;
  expect(newerOf({ state: "loading" }, null)).toEqual(ready(null));
  expect(newerOf({ state: "absent", reason: "away" }, { time: 5 })).toEqual(ready(5));
  expect(newerOf(ready(null), { time: 5 })).toEqual(ready(5));
  expect(newerOf(ready(5), { time: 6 })).toEqual(ready(6));
  expect(newerOf(ready(6), { time: 5 })).toEqual(ready(6));
  expect(newerOf(ready(6), null)).toEqual(ready(6));
});
