import { roundDerived } from "@tickfleet/market/exact";
import type { PerpetualState } from "@tickfleet/venues/perpetual";

/** Algorithm version of what is computed here. */
export const ALGO = "futures@1.0.0";

/** What is derived of a perpetual's state; null where a part is not known. 12 significant digits. */
export interface Leverage {
  /** Quote currency. */
  openInterestNotional: number | null;
  /** Percent a year, simple. */
  fundingApr: number | null;
  /** Distance of mark from index, basis points. */
  basisBps: number | null;
}

/** Open interest in quote currency at the mark price, the funding's yearly rate, and the basis. */
export function computeLeverage(state: PerpetualState): Leverage {
  const { openInterest, markPrice, indexPrice, fundingRate, fundingIntervalHours } = state;
  return {
    openInterestNotional: openInterest === null || markPrice === null ? null : roundDerived(openInterest * markPrice),
    fundingApr: fundingAprOf(fundingRate, fundingIntervalHours),
    basisBps:
      markPrice === null || indexPrice === null || indexPrice === 0 ? null : roundDerived(((markPrice - indexPrice) / indexPrice) * 1e4),
  };
}

/** A rate per interval as percent a year, without compounding. @param intervalHours null where it is not known: it is never assumed */
export function fundingAprOf(rate: number | null, intervalHours: number | null): number | null {
  return rate === null || intervalHours === null || intervalHours <= 0 ? null : roundDerived(rate * (24 / intervalHours) * 365 * 100);
}
