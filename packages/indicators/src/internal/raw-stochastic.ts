import type { Block } from "./block.ts";
import { WindowExtreme } from "./window-extreme.ts";

/** Where a price lies between the lowest low and the highest high of the last n candles; NaN before candle n. */
export class RawStochastic {
  /** Highest and lowest of the last `next` are equal. */
  isFlat = false;
  readonly blocks: readonly Block[];
  readonly #highest: WindowExtreme;
  readonly #lowest: WindowExtreme;

  constructor(period: number) {
    this.#highest = new WindowExtreme(period, "highest");
    this.#lowest = new WindowExtreme(period, "lowest");
    this.blocks = [this.#highest, this.#lowest];
  }

  /** 100 * (close - lowest) / (highest - lowest), 0..100; 0 where the window is flat. */
  next(high: number, low: number, close: number): number {
    const highest = this.#highest.next(high);
    const lowest = this.#lowest.next(low);
    this.isFlat = highest === lowest;
    return this.isFlat ? 0 : (100 * (close - lowest)) / (highest - lowest);
  }
}
