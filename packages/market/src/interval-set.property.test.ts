import fc from "fast-check";
import { expect, test } from "vitest";
import { IntervalSet } from "./interval-set.ts";

const ids = fc.array(fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1_000, max: 1_010 }), fc.maxSafeNat()), {
  maxLength: 120,
});

test("adds and tells as a Set does, and a copy of its bounds goes on the same", () => {
  fc.assert(
    fc.property(ids, ids, (first, later) => {
      const known = new Set<number>();
      let set = new IntervalSet();
      for (const [i, id] of [...first, ...later].entries()) {
        if (i === first.length) set = new IntervalSet(set.toBounds());
        expect(set.has(id)).toBe(known.has(id));
        expect(set.add(id)).toBe(!known.has(id));
        known.add(id);
        expect(set.has(id)).toBe(true);
      }
      for (let id = -1; id < 65; id++) expect(set.has(id)).toBe(known.has(id));
    }),
  );
});

test("bounds are the fewest intervals, ascending, and never touch", () => {
  fc.assert(
    fc.property(ids, (values) => {
      const set = new IntervalSet();
      for (const id of values) set.add(id);
      const expected: number[] = [];
      for (const id of [...new Set(values)].sort((a, b) => a - b)) {
        if (expected.length > 0 && id === (expected.at(-1) as number) + 1) expected[expected.length - 1] = id;
        else expected.push(id, id);
      }
      expect(set.toBounds()).toEqual(expected);
    }),
  );
});

test("what is asked of its bounds does not change it", () => {
  const set = new IntervalSet([5, 9]);
  set.toBounds().push(20, 30);
  expect(set.has(25)).toBe(false);
  expect(set.add(10)).toBe(true);
  expect(set.toBounds()).toEqual([5, 10]);
});
