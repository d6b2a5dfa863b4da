import type { Block } from "./block.ts";
import type { NumberReader } from "./number-reader.ts";

/** Whether something happened at one of the last `length` candles, the present one included. */
export class RecentEvent implements Block {
  readonly #length: number;
  /** For how many candles from the next one on it still counts. */
  #left = 0;
  #nextLeft = 0;

  constructor(length: number) {
    this.#length = length;
  }

  next(happened: boolean): boolean {
    if (happened) {
      this.#nextLeft = this.#length - 1;
      return true;
    }
    this.#nextLeft = Math.max(this.#left - 1, 0);
    return this.#left > 0;
  }

  commit(): void {
    this.#left = this.#nextLeft;
  }

  reset(): void {
    this.#left = 0;
  }

  save(numbers: number[]): void {
    numbers.push(this.#left);
  }

  load(reader: NumberReader): void {
    this.#left = reader.nextInteger(this.#length - 1);
  }
}
