import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { ServedTrade } from "../../packages/testkit/src/binance-server.ts";
import { sharedPath } from "../../packages/testkit/src/shared-folder.ts";

const CAPTURE = "data/crypto_ws/binance_spot_btcusdt_20240808.txt.gz";

/** A trade without its identity and time. */
export type Tick = Pick<ServedTrade, "price" | "size" | "buyerIsMaker">;

/** Prices and sizes of a recorded day where it is there, else made ones. */
export const ticks: readonly Tick[] = ((): Tick[] => {
  const file = sharedPath(CAPTURE);
  if (!existsSync(file)) {
    return Array.from({ length: 5_000 }, (_, i) => ({
      price: (60_000 + ((i * 7_919) % 1_000) / 100).toFixed(8),
      size: (((i * 104_729) % 9_999) / 100_000 + 0.00001).toFixed(8),
      buyerIsMaker: (i * 31) % 7 < 3,
    }));
  }
  const lines = gunzipSync(readFileSync(file)).toString().split("\n");
  return lines
    .filter((line) => line.includes('"e":"trade"'))
    .map((line) => JSON.parse(line.slice(line.indexOf(" ") + 1)).data as { p: string; q: string; m: boolean })
    .map(({ p, q, m }) => ({ price: p, size: q, buyerIsMaker: m }));
})();
