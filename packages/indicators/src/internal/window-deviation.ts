import type { Block } from "./block.ts";
import type { NumberReader } from "./number-reader.ts";
import { PairSum } from "./pair-sum.ts";
import { Ring } from "./ring.ts";

/**
 * Population standard deviation (divisor n) and mean of the last `length` inputs, NaN until there are
 * so many. O(1), from sums of differences to an input of the last two windows and of their unrounded
 * squares: n * sum(d^2) - sum(d)^2 is exact in two doubles as long as prices move by less than about
 * a hundredth in a window, and good to 1e-30 of the square of the move beyond that.
 */
export class WindowDeviation implements Block {
  readonly #length: number;
  readonly #ring: Ring;
  #reference = 0;
  /** How many of the newest inputs are equal: all of a window's means a deviation of exactly 0. */
  #equals = 0;
  readonly #sum = new PairSum();
  readonly #differences = new PairSum();
  readonly #squares = new PairSum();
  readonly #nextSum = new PairSum();
  readonly #nextDifferences = new PairSum();
  readonly #nextSquares = new PairSum();
  readonly #spread = new PairSum();
  #nextEquals = 0;
  #pending = Number.NaN;

  constructor(length: number) {
    this.#length = length;
    this.#ring = new Ring(length);
  }

  /** The standard deviation with x. */
  next(x: number): number {
    this.#pending = x;
    if (Number.isNaN(x)) return Number.NaN;
    const ring = this.#ring;
    const reference = ring.size === 0 ? x : this.#reference;
    this.#nextSum.copy(this.#sum);
    this.#nextDifferences.copy(this.#differences);
    this.#nextSquares.copy(this.#squares);
    if (ring.size === ring.capacity) {
      const displaced = ring.displaced;
      const away = displaced - reference;
      this.#nextSum.add(-displaced);
      this.#nextDifferences.add(-away);
      this.#nextSquares.addProduct(-away, away);
    }
    const difference = x - reference;
    this.#nextSum.add(x);
    this.#nextDifferences.add(difference);
    this.#nextSquares.addProduct(difference, difference);
    this.#nextEquals = ring.size > 0 && ring.at(ring.size - 1) === x ? Math.min(this.#equals + 1, this.#length) : 1;
    return ring.size + 1 >= this.#length ? this.#nextDeviation() : Number.NaN;
  }

  /** Mean of the window with the last `next`. */
  get nextMean(): number {
    return this.#nextSum.mean(this.#length);
  }

  commit(): void {
    if (Number.isNaN(this.#pending)) return;
    const ring = this.#ring;
    if (ring.size === 0) this.#reference = this.#pending;
    ring.push(this.#pending);
    this.#equals = this.#nextEquals;
    if (ring.head === 0) {
      this.#rebuild();
      return;
    }
    this.#sum.copy(this.#nextSum);
    this.#differences.copy(this.#nextDifferences);
    this.#squares.copy(this.#nextSquares);
  }

  reset(): void {
    this.#ring.clear();
    this.#reference = 0;
    this.#equals = 0;
    this.#sum.clear();
    this.#differences.clear();
    this.#squares.clear();
  }

  save(numbers: number[]): void {
    this.#ring.save(numbers);
    numbers.push(this.#reference, this.#equals);
    for (const sum of [this.#sum, this.#differences, this.#squares]) numbers.push(sum.hi, sum.lo);
  }

  load(reader: NumberReader): void {
    this.#ring.load(reader);
    this.#reference = reader.next();
    this.#equals = reader.nextInteger(this.#length);
    for (const sum of [this.#sum, this.#differences, this.#squares]) {
      sum.hi = reader.next();
      sum.lo = reader.next();
    }
  }

  #nextDeviation(): number {
    if (this.#nextEquals >= this.#length) return 0;
    const spread = this.#spread;
    spread.clear();
    spread.addMultiple(this.#nextSquares, this.#length);
    spread.subtractSquare(this.#nextDifferences);
    return Math.sqrt(Math.max(spread.hi, 0)) / this.#length;
  }

  #rebuild(): void {
    const ring = this.#ring;
    this.#reference = ring.at(ring.size - 1);
    this.#sum.clear();
    this.#differences.clear();
    this.#squares.clear();
    for (let i = 0; i < ring.size; i++) {
      const x = ring.at(i);
      const difference = x - this.#reference;
      this.#sum.add(x);
      this.#differences.add(difference);
      this.#squares.addProduct(difference, difference);
    }
  }
}
