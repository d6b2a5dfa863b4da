import fc from "fast-check";
import { expect, test } from "vitest";
import { type TimedRow, TimeSeries } from "./time-series.ts";

const rowArbitrary = fc.record({
  openTime: fc.integer({ min: 0, max: 12 }),
  revision: fc.integer({ min: 0, max: 3 }),
  state: fc.constantFrom("forming", "closed"),
});

/** The newest form of each time, found by looking at all of them at once. */
function newest(rows: readonly TimedRow[]): string[] {
  const times = [...new Set(rows.map((row) => row.openTime))].sort((a, b) => a - b);
  return times.map((time) => {
    const closed = rows.filter((row) => row.openTime === time && row.state === "closed").map((row) => row.revision);
    return closed.length === 0 ? `${time} forming` : `${time} closed ${Math.max(...closed)}`;
  });
}

test("in whatever order rows come, the newest form of each is held, and what is drawn follows", () => {
  fc.assert(
    fc.property(fc.array(rowArbitrary), fc.array(fc.boolean()), (rows, draws) => {
      const series = new TimeSeries<TimedRow>();
      let drawn: TimedRow[] = [];
      const draw = (): void => {
        const { change, rows: changed } = series.takeChanges();
        if (change === "all") drawn = [...changed];
        if (change !== "tail") return;
        // a chart takes the last bar again or a later one, nothing before it
        for (const row of changed) {
          const last = drawn.at(-1);
          expect(last === undefined || row.openTime >= last.openTime).toBe(true);
          if (last?.openTime === row.openTime) drawn.pop();
          drawn.push(row);
        }
      };
      for (const [i, row] of rows.entries()) {
        series.put(row);
        if (draws[i]) draw();
      }
      draw();
      const text = drawn.map((row) => (row.state === "forming" ? `${row.openTime} forming` : `${row.openTime} closed ${row.revision}`));
      expect(text).toEqual(newest(rows));
      expect(drawn).toEqual(series.rows());
    }),
  );
});
