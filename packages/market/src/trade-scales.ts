import { timesPowerOfTen } from "./candle-sums.ts";
import type { TradeColumns } from "./trade.ts";

/** Throws RangeError where a value of trade `i` is beyond the safe integers at these scales, which are as fine as its own or finer. */
export function checkScales(batch: TradeColumns, i: number, priceScale: number, sizeScale: number): void {
  const prices = priceScale - batch.priceScale;
  const sizes = sizeScale - batch.sizeScale;
  timesPowerOfTen(batch.price[i] as number, prices);
  timesPowerOfTen(batch.size[i] as number, sizes);
  if ((batch.quoteAgeUs[i] as number) < 0) return;
  timesPowerOfTen(batch.bid[i] as number, prices);
  timesPowerOfTen(batch.ask[i] as number, prices);
  timesPowerOfTen(batch.bidSize[i] as number, sizes);
  timesPowerOfTen(batch.askSize[i] as number, sizes);
}
