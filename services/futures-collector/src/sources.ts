import type { Config } from "@tickfleet/runtime/config";
import { createBinanceUsdm } from "@tickfleet/venues/binance-usdm/rest";
import { createDemoPerpetuals } from "@tickfleet/venues/demo/perpetuals";
import type { PerpetualSource } from "@tickfleet/venues/perpetual";
import type { futuresConfig } from "./config.ts";

/** Why nothing is read where no source is asked for. */
export const IDLE = "idle: no source is asked for; set FUTURES_SOURCES=binance-usdm (needs no key) or FUTURES_SOURCES=demo";

/** The sources that the configuration asks for. */
export function createSources(config: Config<typeof futuresConfig>): PerpetualSource[] {
  const wanted = new Set(config.FUTURES_SOURCES);
  return [
    ...(wanted.has("binance-usdm")
      ? [createBinanceUsdm({ instruments: config.FUTURES_BINANCE_INSTRUMENTS, baseUrl: config.FUTURES_BINANCE_URL, now: Date.now })]
      : []),
    ...(wanted.has("demo") ? [createDemoPerpetuals({ seed: config.FUTURES_DEMO_SEED, now: Date.now })] : []),
  ];
}
