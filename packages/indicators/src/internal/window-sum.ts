import type { Block } from "./block.ts";
import type { NumberReader } from "./number-reader.ts";
import { PairSum } from "./pair-sum.ts";
import { Ring } from "./ring.ts";

/**
 * Sum of the last `length` inputs, NaN until there are so many. O(1); built anew once a window, so
 * that even what does not fit into two doubles leaves no trace for longer than that.
 */
export class WindowSum implements Block {
  readonly #ring: Ring;
  readonly #sum = new PairSum();
  readonly #nextSum = new PairSum();
  #pending = Number.NaN;

  constructor(length: number) {
    this.#ring = new Ring(length);
  }

  next(x: number): number {
    this.#pending = x;
    if (Number.isNaN(x)) return Number.NaN;
    const ring = this.#ring;
    const sum = this.#nextSum;
    sum.copy(this.#sum);
    if (ring.size === ring.capacity) sum.add(-ring.displaced);
    sum.add(x);
    return ring.size + 1 >= ring.capacity ? sum.hi : Number.NaN;
  }

  /** As `next`, but the mean. */
  nextMean(x: number): number {
    return Number.isNaN(this.next(x)) ? Number.NaN : this.#nextSum.mean(this.#ring.capacity);
  }

  /** Of the window with the last `next`: how far the exact sum is from its nearest double. */
  get nextRest(): number {
    return this.#nextSum.lo;
  }

  /** The i-th oldest input of the window that the last `next` completed; 0 <= i < length - 1, the newest is its argument. */
  nextAt(i: number): number {
    const ring = this.#ring;
    return ring.at(ring.size === ring.capacity ? i + 1 : i);
  }

  commit(): void {
    if (Number.isNaN(this.#pending)) return;
    const ring = this.#ring;
    ring.push(this.#pending);
    if (ring.head === 0) this.#rebuild();
    else this.#sum.copy(this.#nextSum);
  }

  reset(): void {
    this.#ring.clear();
    this.#sum.clear();
  }

  save(numbers: number[]): void {
    this.#ring.save(numbers);
    numbers.push(this.#sum.hi, this.#sum.lo);
  }

  load(reader: NumberReader): void {
    this.#ring.load(reader);
    this.#sum.hi = reader.next();
    this.#sum.lo = reader.next();
  }

  #rebuild(): void {
    this.#sum.clear();
    for (let i = 0; i < this.#ring.size; i++) this.#sum.add(this.#ring.at(i));
  }
}
