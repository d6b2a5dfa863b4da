import type { Block } from "./block.ts";
import type { NumberReader } from "./number-reader.ts";
import { PairSum } from "./pair-sum.ts";

/** Sum of all inputs, or of those since the last restart. Does not drift. */
export class RunningSum implements Block {
  readonly #sum = new PairSum();
  readonly #nextSum = new PairSum();

  /** The sum with x; of x alone where it restarts. */
  next(x: number, restarts = false): number {
    if (restarts) this.#nextSum.clear();
    else this.#nextSum.copy(this.#sum);
    this.#nextSum.add(x);
    return this.#nextSum.hi;
  }

  commit(): void {
    this.#sum.copy(this.#nextSum);
  }

  reset(): void {
    this.#sum.clear();
  }

  save(numbers: number[]): void {
    numbers.push(this.#sum.hi, this.#sum.lo);
  }

  load(reader: NumberReader): void {
    this.#sum.hi = reader.next();
    this.#sum.lo = reader.next();
  }
}
