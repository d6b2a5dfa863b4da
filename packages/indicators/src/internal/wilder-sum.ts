import type { Block } from "./block.ts";
import type { NumberReader } from "./number-reader.ts";

/**
 * Wilder's smoothed sum as TA-Lib starts it: the plain sum of the first n - 1 inputs, then
 * S = S - S/n + x with each further one; NaN before the n-th.
 */
export class WilderSum implements Block {
  readonly #length: number;
  #count = 0;
  #sum = 0;
  #nextSum = 0;
  #pending = Number.NaN;

  constructor(length: number) {
    this.#length = length;
  }

  next(x: number): number {
    this.#pending = x;
    if (Number.isNaN(x)) return Number.NaN;
    const started = this.#count === this.#length - 1;
    this.#nextSum = started ? this.#sum - this.#sum / this.#length + x : this.#sum + x;
    return started ? this.#nextSum : Number.NaN;
  }

  commit(): void {
    if (Number.isNaN(this.#pending)) return;
    this.#sum = this.#nextSum;
    if (this.#count < this.#length - 1) this.#count++;
  }

  reset(): void {
    this.#count = 0;
    this.#sum = 0;
  }

  save(numbers: number[]): void {
    numbers.push(this.#count, this.#sum);
  }

  load(reader: NumberReader): void {
    this.#count = reader.nextInteger(this.#length - 1);
    this.#sum = reader.next();
  }
}
