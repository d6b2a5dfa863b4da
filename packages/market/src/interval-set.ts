/**
 * A set of integers as sorted, disjoint, closed intervals: what has been seen of an id space whose
 * ids mostly come one after another. Memory grows with the holes, not with the ids.
 */
export class IntervalSet {
  /** start, end, start, end ... ascending, ends included. */
  #bounds: number[];

  constructor(bounds: readonly number[] = []) {
    this.#bounds = [...bounds];
  }

  has(id: number): boolean {
    const bounds = this.#bounds;
    const n = bounds.length;
    if (n === 0 || id > (bounds[n - 1] as number)) return false;
    if (id >= (bounds[n - 2] as number)) return true;
    const i = this.#firstEndingAtOrAfter(id);
    return i < n && (bounds[i] as number) <= id;
  }

  /** Adds an id; false where it was there. */
  add(id: number): boolean {
    const bounds = this.#bounds;
    const n = bounds.length;
    if (n === 0 || id > (bounds[n - 1] as number) + 1) {
      bounds.push(id, id);
      return true;
    }
    if (id === (bounds[n - 1] as number) + 1) {
      bounds[n - 1] = id;
      return true;
    }
    return this.#insert(id);
  }

  /** The intervals, for a snapshot. */
  toBounds(): number[] {
    return [...this.#bounds];
  }

  #insert(id: number): boolean {
    const bounds = this.#bounds;
    const i = this.#firstEndingAtOrAfter(id);
    if (i < bounds.length && (bounds[i] as number) <= id) return false;
    const joinsBefore = i > 0 && (bounds[i - 1] as number) === id - 1;
    const joinsAfter = i < bounds.length && (bounds[i] as number) === id + 1;
    if (joinsBefore && joinsAfter) bounds.splice(i - 1, 2);
    else if (joinsBefore) bounds[i - 1] = id;
    else if (joinsAfter) bounds[i] = id;
    else bounds.splice(i, 0, id, id);
    return true;
  }

  /** Index of the start of the first interval whose end is >= id. */
  #firstEndingAtOrAfter(id: number): number {
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length / 2;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((bounds[2 * middle + 1] as number) < id) low = middle + 1;
      else high = middle;
    }
    return 2 * low;
  }
}
