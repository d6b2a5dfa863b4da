import { describe, expect, test } from "vitest";
import { TimeFilter } from "./file-times.ts";

const START_US = Date.UTC(2024, 2, 1) * 1000;
const DAY = 86_400_000_000;
const YEAR = 365 * DAY;

/** The indices that are refused, and the order in which all come out. */
function refused(times: readonly (number | null)[], latestUs = Number.POSITIVE_INFINITY): number[] {
  const found: number[] = [];
  const order: number[] = [];
  const filter = new TimeFilter<number>(latestUs, (row, _, fault) => {
    order.push(row);
    if (fault !== null) found.push(row);
  });
  for (const [i, time] of times.entries()) filter.push(i, time === null ? null : START_US + time);
  filter.flush();
  expect(order).toEqual(times.map((_, i) => i));
  return found;
}

/** So many times, a second apart. */
const run = (count: number, from = 0, step = 1_000_000): number[] => Array.from({ length: count }, (_, i) => from + i * step);

describe("a time that cannot be", () => {
  test("is one far ahead of its file among rows that go on without it, wherever it stands", () => {
    expect(refused([...run(20), 5 * YEAR, ...run(20, 20_000_000)])).toEqual([20]);
    expect(refused([...run(20), 5 * YEAR, 6 * YEAR, ...run(20, 20_000_000)])).toEqual([20, 21]);
    expect(refused([5 * YEAR, ...run(20)])).toEqual([0]);
    expect(refused([...run(20), 5 * YEAR])).toEqual([20]);
    expect(refused([...run(20), 5 * YEAR, ...run(20, 3 * DAY)])).toEqual([20]);
    expect(refused([...run(20), 2 * DAY, ...run(20, 20_000_000)])).toEqual([20]);
  });

  test("is one far before its file", () => {
    expect(refused([-10 * YEAR, ...run(20)])).toEqual([0]);
    expect(refused([-10 * YEAR, ...run(2)])).toEqual([0]);
    expect(refused([...run(20), -10 * YEAR, ...run(20, 20_000_000)])).toEqual([20]);
    expect(refused([...run(20), -10 * YEAR])).toEqual([20]);
  });

  test("is before 1990 or beyond the present, whatever stands around it", () => {
    expect(refused([-START_US, -START_US + 1, -START_US + 2])).toEqual([0, 1, 2]);
    expect(refused([...run(3), DAY / 2, ...run(3, DAY)], START_US + DAY - 1)).toEqual([4, 5, 6]);
  });
});

describe("a jump that the rows after it confirm", () => {
  test("is none: weekends, quiet months, weekly trades, days that come newest first or once per symbol", () => {
    expect(refused([...run(50), ...run(50, 3 * DAY), ...run(50, 7 * DAY)])).toEqual([]);
    expect(refused([...run(50), ...run(5, YEAR)])).toEqual([]);
    expect(refused([...run(20, 0, 7 * DAY)])).toEqual([]);
    expect(refused([...run(40, 0, 30 * DAY)].reverse())).toEqual([]);
    expect(refused([...run(50, 0, DAY), ...run(50, 0, DAY)])).toEqual([]);
    expect(refused([...run(30), ...run(1, 3 * DAY)])).toEqual([]);
  });

  test("is none in a file of two rows, or in one without any order", () => {
    expect(refused([0, YEAR])).toEqual([]);
    expect(refused(run(200, 0, DAY / 8).map((_, i) => ((i * 73) % 200) * (DAY / 8)))).toEqual([]);
  });

  test("rows without a time pass in their turn", () => {
    expect(refused([null, ...run(20), null, 5 * YEAR, null, ...run(20, 20_000_000), null])).toEqual([22]);
    expect(refused(Array.from({ length: 5_000 }, () => null))).toEqual([]);
  });
});
