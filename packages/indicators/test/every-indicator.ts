import { createAdx } from "../src/adx.ts";
import { createAtr } from "../src/atr.ts";
import { createBbands } from "../src/bbands.ts";
import { createCci } from "../src/cci.ts";
import { createDonchian } from "../src/donchian.ts";
import { createEma } from "../src/ema.ts";
import type { Indicator } from "../src/indicator.ts";
import { createLinearregSlope } from "../src/linearreg-slope.ts";
import { createMacd } from "../src/macd.ts";
import { createMfi } from "../src/mfi.ts";
import { createMinusDi } from "../src/minus-di.ts";
import { createMom } from "../src/mom.ts";
import { createNatr } from "../src/natr.ts";
import { createObv } from "../src/obv.ts";
import { createPlusDi } from "../src/plus-di.ts";
import { createRoc } from "../src/roc.ts";
import { createRsi } from "../src/rsi.ts";
import { createSma } from "../src/sma.ts";
import { createStddev } from "../src/stddev.ts";
import { createStoch } from "../src/stoch.ts";
import { createStochf } from "../src/stochf.ts";
import { createTrange } from "../src/trange.ts";
import { createVwap } from "../src/vwap.ts";
import { createWillr } from "../src/willr.ts";

/** Every indicator, with defaults and with parameters at the edges of what they may be. */
export const EVERY_INDICATOR: readonly (() => Indicator)[] = [
  () => createSma(),
  () => createSma({ period: 1 }),
  () => createEma(),
  () => createEma({ period: 1 }),
  () => createRsi(),
  () => createRsi({ period: 2 }),
  () => createMacd(),
  () => createMacd({ fastPeriod: 9, slowPeriod: 3, signalPeriod: 1 }),
  () => createBbands(),
  () => createBbands({ period: 5, deviationsUp: 2.5, deviationsDown: 1, average: "ema" }),
  () => createStddev(),
  () => createStddev({ period: 2, deviations: 3 }),
  () => createAtr(),
  () => createAtr({ period: 1 }),
  () => createTrange(),
  () => createNatr(),
  () => createVwap(),
  () => createVwap({ anchor: "utc-hour", price: "hlc3" }),
  () => createVwap({ anchor: "session" }),
  () => createVwap({ period: 20 }),
  () => createVwap({ period: 1, price: "hlc3" }),
  () => createObv(),
  () => createStoch(),
  () => createStoch({ fastKPeriod: 1, slowKPeriod: 1, slowDPeriod: 2 }),
  () => createStochf(),
  () => createStochf({ fastKPeriod: 5, fastDPeriod: 1 }),
  () => createLinearregSlope(),
  () => createLinearregSlope({ period: 2 }),
  () => createAdx(),
  () => createAdx({ period: 2 }),
  () => createPlusDi(),
  () => createMinusDi(),
  () => createCci(),
  () => createCci({ period: 2 }),
  () => createWillr(),
  () => createMfi(),
  () => createRoc(),
  () => createMom(),
  () => createMom({ period: 1 }),
  () => createDonchian(),
];

/** Name and parameters, as titles of tests. */
export const NAMED_INDICATORS: readonly [string, () => Indicator][] = EVERY_INDICATOR.map((create) => [create().id, create]);
