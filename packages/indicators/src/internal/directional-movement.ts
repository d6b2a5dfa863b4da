import type { Block } from "./block.ts";
import { Delay } from "./delay.ts";
import { trueRange } from "./true-range.ts";
import { WilderSum } from "./wilder-sum.ts";

/**
 * +DI and -DI, 0..100, NaN before candle n + 1. Only the larger of the two directional movements of a
 * candle counts, neither on a tie; the smoothing is TA-Lib's (`wilder-sum.ts`). Wilder 1978;
 * https://github.com/TA-Lib/ta-lib/blob/main/src/ta_func/ta_PLUS_DI.c
 */
export class DirectionalMovement {
  /** Of the last `next`; both 0 where the smoothed true range is 0. */
  plusDi = Number.NaN;
  minusDi = Number.NaN;
  /** The smoothed true range of the last `next` is 0. */
  isFlat = false;
  readonly blocks: readonly Block[];
  readonly #high = new Delay(1);
  readonly #low = new Delay(1);
  readonly #close = new Delay(1);
  readonly #plus: WilderSum;
  readonly #minus: WilderSum;
  readonly #range: WilderSum;

  constructor(period: number) {
    this.#plus = new WilderSum(period);
    this.#minus = new WilderSum(period);
    this.#range = new WilderSum(period);
    this.blocks = [this.#high, this.#low, this.#close, this.#plus, this.#minus, this.#range];
  }

  next(high: number, low: number, close: number): void {
    const up = high - this.#high.next(high);
    const down = this.#low.next(low) - low;
    const noMovement = Number.isNaN(up) ? Number.NaN : 0;
    const plus = this.#plus.next(up > 0 && up > down ? up : noMovement);
    const minus = this.#minus.next(down > 0 && down > up ? down : noMovement);
    const range = this.#range.next(trueRange(high, low, this.#close.next(close)));
    this.isFlat = range === 0;
    this.plusDi = this.isFlat ? 0 : (100 * plus) / range;
    this.minusDi = this.isFlat ? 0 : (100 * minus) / range;
  }
}
