import type { Instrument } from "@tickfleet/market/instrument";

export const DEMO_VENUE = "demo";

/** One made-up market. */
export interface DemoInstrument {
  /** Position in the list, and the instrument's own stream of chance. */
  index: number;
  instrument: string;
  /** Price around which it wanders, in quote units. */
  basePrice: number;
  priceScale: number;
  sizeScale: number;
  /** Mean number of trades per minute. */
  tradesPerMinute: number;
  /** Share of the common market movement in its own. */
  beta: number;
  /** Scale of its own movement over a day, as a fraction of the price. */
  dailyMove: number;
  /** Usual spread in basis points. */
  spreadBps: number;
  /** Scale of the value of one order, in quote units. */
  orderValue: number;
  /** Time from the venue to us, in microseconds. */
  latencyUs: number;
}

function market(
  index: number,
  base: string,
  numbers: readonly [number, number, number, number, number, number, number, number],
): DemoInstrument {
  const [basePrice, priceScale, sizeScale, tradesPerMinute, beta, dailyMove, spreadBps, orderValue] = numbers;
  const latencyUs = 6_350 + index * 1_210;
  return {
    index,
    instrument: `${base}-USDT`,
    basePrice,
    priceScale,
    sizeScale,
    tradesPerMinute,
    beta,
    dailyMove,
    spreadBps,
    orderValue,
    latencyUs,
  };
}

export const DEMO_INSTRUMENTS: readonly DemoInstrument[] = [
  market(0, "BTC", [64_000, 2, 5, 128, 1, 0.008, 0.3, 900]),
  market(1, "ETH", [3_100, 2, 4, 88, 1.15, 0.012, 0.5, 600]),
  market(2, "SOL", [152, 2, 3, 54, 1.4, 0.02, 1.2, 350]),
  market(3, "BNB", [585, 2, 3, 30, 0.8, 0.012, 0.9, 300]),
  market(4, "XRP", [0.56, 4, 1, 32, 1, 0.018, 2, 250]),
  market(5, "ADA", [0.43, 4, 1, 15, 1.2, 0.02, 2.6, 180]),
  market(6, "DOGE", [0.118, 5, 0, 20, 1.4, 0.025, 1.8, 200]),
  market(7, "LTC", [74, 2, 3, 12, 0.9, 0.014, 1.9, 170]),
];

export function describeDemoInstrument(demo: DemoInstrument): Instrument {
  return {
    venue: DEMO_VENUE,
    instrument: demo.instrument,
    venueSymbol: demo.instrument.replace("-", ""),
    calendar: "crypto",
    kind: "spot",
    contractSize: 1,
    priceScale: demo.priceScale,
    sizeScale: demo.sizeScale,
    closeDelayMs: 250,
  };
}
