import type { Block } from "./block.ts";
import type { NumberReader } from "./number-reader.ts";
import { PairSum } from "./pair-sum.ts";

/**
 * y += factor * (x - y), started by the mean of `length` inputs after the first `skipped` ones; NaN
 * until then. O(1). Forgets its rounding errors as it forgets its inputs.
 */
export class RecursiveAverage implements Block {
  readonly #length: number;
  readonly #factor: number;
  readonly #skipped: number;
  /** Inputs so far, counted until the average is started. */
  #count = 0;
  readonly #seed = new PairSum();
  readonly #nextSeed = new PairSum();
  #average = 0;
  #nextAverage = 0;
  #pending = Number.NaN;

  constructor(length: number, factor: number, skipped: number) {
    this.#length = length;
    this.#factor = factor;
    this.#skipped = skipped;
  }

  next(x: number): number {
    this.#pending = x;
    if (Number.isNaN(x)) return Number.NaN;
    if (this.#count === this.#skipped + this.#length) {
      this.#nextAverage = this.#average + (x - this.#average) * this.#factor;
      return this.#nextAverage;
    }
    this.#nextSeed.copy(this.#seed);
    if (this.#count >= this.#skipped) this.#nextSeed.add(x);
    this.#nextAverage = this.#nextSeed.mean(this.#length);
    return this.#count + 1 === this.#skipped + this.#length ? this.#nextAverage : Number.NaN;
  }

  /** The input that leaves a started average as it is; 0 before. */
  get heldInput(): number {
    return this.#count === this.#skipped + this.#length ? this.#average : 0;
  }

  commit(): void {
    if (Number.isNaN(this.#pending)) return;
    this.#average = this.#nextAverage;
    if (this.#count === this.#skipped + this.#length) return;
    this.#seed.copy(this.#nextSeed);
    this.#count++;
  }

  reset(): void {
    this.#count = 0;
    this.#seed.clear();
    this.#average = 0;
  }

  save(numbers: number[]): void {
    numbers.push(this.#count, this.#seed.hi, this.#seed.lo, this.#average);
  }

  load(reader: NumberReader): void {
    this.#count = reader.nextInteger(this.#skipped + this.#length);
    this.#seed.hi = reader.next();
    this.#seed.lo = reader.next();
    this.#average = reader.next();
  }
}

/** Factor 2 / (n + 1); the seed ends at input `skipped` + n. */
export function exponentialAverage(length: number, skipped = 0): RecursiveAverage {
  return new RecursiveAverage(length, 2 / (length + 1), skipped);
}

/** Wilder's smoothing: factor 1 / n (J. W. Wilder, New Concepts in Technical Trading Systems, 1978). */
export function wilderAverage(length: number): RecursiveAverage {
  return new RecursiveAverage(length, 1 / length, 0);
}
