import type { Block } from "./block.ts";
import type { NumberReader } from "./number-reader.ts";
import { PairSum } from "./pair-sum.ts";
import { Ring } from "./ring.ts";

/**
 * Slope of the least-squares line through the last `length` inputs at x = 0, 1, ... length - 1, NaN
 * until there are so many. O(1), from the sums of y and x * y, which are exact for prices.
 */
export class WindowSlope implements Block {
  readonly #length: number;
  readonly #ring: Ring;
  readonly #sum = new PairSum();
  readonly #weighted = new PairSum();
  readonly #nextSum = new PairSum();
  readonly #nextWeighted = new PairSum();
  readonly #rise = new PairSum();
  #pending = Number.NaN;

  constructor(length: number) {
    this.#length = length;
    this.#ring = new Ring(length);
  }

  next(y: number): number {
    this.#pending = y;
    if (Number.isNaN(y)) return Number.NaN;
    const ring = this.#ring;
    const length = this.#length;
    const sum = this.#nextSum;
    const weighted = this.#nextWeighted;
    sum.copy(this.#sum);
    weighted.copy(this.#weighted);
    if (ring.size === length) {
      sum.add(-ring.displaced);
      weighted.subtractPair(sum);
      weighted.addProduct(y, length - 1);
    } else {
      weighted.addProduct(y, ring.size);
    }
    sum.add(y);
    if (ring.size + 1 < length) return Number.NaN;
    const rise = this.#rise;
    rise.clear();
    rise.addMultiple(weighted, 2);
    rise.addMultiple(sum, 1 - length);
    return (rise.hi * 6) / (length * (length * length - 1));
  }

  commit(): void {
    if (Number.isNaN(this.#pending)) return;
    const ring = this.#ring;
    ring.push(this.#pending);
    if (ring.head === 0) {
      this.#rebuild();
      return;
    }
    this.#sum.copy(this.#nextSum);
    this.#weighted.copy(this.#nextWeighted);
  }

  reset(): void {
    this.#ring.clear();
    this.#sum.clear();
    this.#weighted.clear();
  }

  save(numbers: number[]): void {
    this.#ring.save(numbers);
    numbers.push(this.#sum.hi, this.#sum.lo, this.#weighted.hi, this.#weighted.lo);
  }

  load(reader: NumberReader): void {
    this.#ring.load(reader);
    this.#sum.hi = reader.next();
    this.#sum.lo = reader.next();
    this.#weighted.hi = reader.next();
    this.#weighted.lo = reader.next();
  }

  #rebuild(): void {
    const ring = this.#ring;
    this.#sum.clear();
    this.#weighted.clear();
    for (let i = 0; i < ring.size; i++) {
      this.#sum.add(ring.at(i));
      this.#weighted.addProduct(ring.at(i), i);
    }
  }
}
