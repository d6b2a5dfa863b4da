import type { Block } from "./block.ts";
import type { NumberReader } from "./number-reader.ts";
import { Ring } from "./ring.ts";

/** Gives back what came in `length` inputs ago, NaN until then. */
export class Delay implements Block {
  readonly #ring: Ring;
  #pending = Number.NaN;

  constructor(length: number) {
    this.#ring = new Ring(length);
  }

  next(x: number): number {
    this.#pending = x;
    const ring = this.#ring;
    return Number.isNaN(x) || ring.size < ring.capacity ? Number.NaN : ring.displaced;
  }

  commit(): void {
    if (!Number.isNaN(this.#pending)) this.#ring.push(this.#pending);
  }

  reset(): void {
    this.#ring.clear();
  }

  save(numbers: number[]): void {
    this.#ring.save(numbers);
  }

  load(reader: NumberReader): void {
    this.#ring.load(reader);
  }
}
