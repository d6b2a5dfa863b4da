import fc from "fast-check";
import { expect, test } from "vitest";
import { timeWindows } from "./time-windows.ts";

const time = fc.integer({ min: 0, max: 10_000_000_000 });
const bound = fc.option(time);

test("windows follow each other without a gap or an overlap over the whole range, whatever is known of it", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("forward" as const, "backward" as const),
      bound,
      bound,
      fc.option(fc.tuple(time, time)),
      (direction, a, b, times) => {
        const [from, to] = a !== null && b !== null && a > b ? [b, a] : [a, b];
        const known = times === null ? null : { first: Math.min(...times), last: Math.max(...times) };
        const windows = [...timeWindows(direction, { from, to }, known)];
        expect(windows.length).toBeLessThan(20);
        if (direction === "backward") windows.reverse();
        expect(windows[0]?.from).toBe(from);
        expect(windows.at(-1)?.to).toBe(to);
        for (const [i, window] of windows.slice(1).entries()) expect(window.from).toBe(windows[i]?.to);
        for (const window of windows.slice(1, -1)) expect(window.from as number).toBeLessThan(window.to as number);
      },
    ),
    { numRuns: 500 },
  );
});
