import type { NumberReader } from "./number-reader.ts";

/**
 * A piece of an indicator's state. Blocks move in two steps, so that `peek` and `update` are one
 * computation: `next(x)` says what the output with x is and changes nothing that counts; `commit()`
 * makes the x of the last `next` count. NaN stands for "nothing yet": as an input it leaves the block
 * as it is and comes out again, so blocks can be chained through their warm-ups.
 */
export interface Block {
  commit(): void;
  reset(): void;
  /** Appends the state as finite numbers. */
  save(numbers: number[]): void;
  load(reader: NumberReader): void;
}
