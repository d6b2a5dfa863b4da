import type { Block } from "./block.ts";
import type { NumberReader } from "./number-reader.ts";

/**
 * Highest of the last `length` inputs, or the lowest, NaN until there are so many. A deque that holds
 * only what can still become the extreme, best first: O(1) amortised.
 */
export class WindowExtreme implements Block {
  readonly #length: number;
  /** 1 for the highest, -1 for the lowest. */
  readonly #sign: 1 | -1;
  /** Signed candidates and their positions in the stream, in a circle; the best is at `first`. */
  readonly #candidates: Float64Array;
  readonly #positions: Float64Array;
  #first = 0;
  #size = 0;
  /** Inputs so far. */
  #count = 0;
  #pending = Number.NaN;

  constructor(length: number, which: "highest" | "lowest") {
    this.#length = length;
    this.#sign = which === "highest" ? 1 : -1;
    this.#candidates = new Float64Array(length);
    this.#positions = new Float64Array(length);
  }

  next(x: number): number {
    this.#pending = x;
    if (Number.isNaN(x) || this.#count + 1 < this.#length) return Number.NaN;
    let best = this.#sign * x;
    const skipped = this.#size > 0 && this.#isPast(this.#positions[this.#first] as number) ? 1 : 0;
    if (this.#size > skipped) best = Math.max(best, this.#candidates[this.#place(skipped)] as number);
    return this.#sign * best;
  }

  commit(): void {
    if (Number.isNaN(this.#pending)) return;
    const candidate = this.#sign * this.#pending;
    if (this.#size > 0 && this.#isPast(this.#positions[this.#first] as number)) {
      this.#first = this.#place(1);
      this.#size--;
    }
    while (this.#size > 0 && (this.#candidates[this.#place(this.#size - 1)] as number) <= candidate) this.#size--;
    this.#append(candidate, this.#count);
    this.#count++;
  }

  reset(): void {
    this.#first = 0;
    this.#size = 0;
    this.#count = 0;
  }

  save(numbers: number[]): void {
    numbers.push(this.#count, this.#size);
    for (let i = 0; i < this.#size; i++) {
      numbers.push(this.#candidates[this.#place(i)] as number, this.#positions[this.#place(i)] as number);
    }
  }

  load(reader: NumberReader): void {
    this.reset();
    this.#count = reader.nextInteger(Number.MAX_SAFE_INTEGER);
    const size = reader.nextInteger(Math.min(this.#length, this.#count));
    for (let i = 0; i < size; i++) this.#append(reader.next(), reader.nextInteger(this.#count - 1));
  }

  /** Whether an input has left the window that the next input completes. */
  #isPast(position: number): boolean {
    return position <= this.#count - this.#length;
  }

  #append(candidate: number, position: number): void {
    const place = this.#place(this.#size);
    this.#candidates[place] = candidate;
    this.#positions[place] = position;
    this.#size++;
  }

  #place(i: number): number {
    const place = this.#first + i;
    return place < this.#length ? place : place - this.#length;
  }
}
