/** Reads the numbers of a snapshot in the order in which they were saved. */
export class NumberReader {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  /** The next number; throws RangeError where there is none or it is not finite. */
  next(): number {
    const value = this.#numbers[this.#at];
    if (!Number.isFinite(value)) throw new RangeError(`expected a finite number at ${this.#at} of a snapshot, found ${value}`);
    this.#at++;
    return value as number;
  }

  /** The next number, an integer from 0 to `max`; throws RangeError where it is another. */
  nextInteger(max: number): number {
    const value = this.next();
    if (!Number.isInteger(value) || value < 0 || value > max) {
      throw new RangeError(`expected an integer from 0 to ${max} at ${this.#at - 1} of a snapshot, found ${value}`);
    }
    return value;
  }

  /** Throws RangeError where numbers are left. */
  end(): void {
    if (this.#at !== this.#numbers.length) {
      throw new RangeError(`expected ${this.#at} numbers in a snapshot, found ${this.#numbers.length}`);
    }
  }
}
