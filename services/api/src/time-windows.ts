import type { Direction } from "./cursor.ts";

/** [from, to) in epoch microseconds, null is open. */
export interface TimeWindow {
  from: number | null;
  to: number | null;
}

const FIRST_US = 60_000_000;
const GROWTH = 4;

/**
 * Cuts a range into windows that a reader takes one after the other until it has enough, each longer than
 * the one before: a page out of a long history then costs what the page holds, not what the history holds.
 * The last window is open as far as the range is, so nothing rests on `known`.
 * @param known times of the first and last row as far as known, null where there is none
 */
export function* timeWindows(
  direction: Direction,
  range: TimeWindow,
  known: { first: number; last: number } | null,
): Generator<TimeWindow> {
  if (known === null) {
    yield range;
    return;
  }
  let length = FIRST_US;
  if (direction === "forward") {
    let from = range.from;
    let to = Math.max(range.from ?? known.first, known.first) + length;
    for (; to <= known.last && (range.to === null || to < range.to); to += length) {
      yield { from, to };
      from = to;
      length *= GROWTH;
    }
    yield { from, to: range.to };
    return;
  }
  let to = range.to;
  let from = Math.min(range.to ?? known.last, known.last) - length;
  for (; from > known.first && (range.from === null || from > range.from); from -= length) {
    yield { from, to };
    to = from;
    length *= GROWTH;
  }
  yield { from: range.from, to };
}
