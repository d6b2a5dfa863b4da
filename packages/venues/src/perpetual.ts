/** What is known of a perpetual contract at a time, as its venue tells it. What a venue does not tell is null. */
export interface PerpetualState {
  venue: string;
  /** Canonical name, such as `BTC-USDT-PERP`. */
  instrument: string;
  /** Base asset, such as `BTC`. */
  asset: string;
  /** Greatest venue time in it, epoch milliseconds. */
  time: number;
  /** Base currency. */
  openInterest: number | null;
  /** Quote currency. */
  markPrice: number | null;
  /** Quote currency. */
  indexPrice: number | null;
  /** Rate that the next funding will have as things stand, as a share of the position per interval. */
  fundingRate: number | null;
  /** Hours between the last funding and the next one; null where the venue did not say. */
  fundingIntervalHours: number | null;
  /** Epoch milliseconds. */
  nextFundingTime: number | null;
}

/** A funding that was paid. */
export interface SettledFunding {
  venue: string;
  instrument: string;
  /** Epoch milliseconds. */
  fundingTime: number;
  /** Share of the position. */
  rate: number;
  /** Hours since the funding before it; null where that one is not known. */
  intervalHours: number | null;
}

/** Where states of perpetual contracts come from. */
export interface PerpetualSource {
  venue: string;
  instruments: readonly string[];
  /** @throws RestError, InvalidMessageError */
  readState(instrument: string, signal: AbortSignal): Promise<PerpetualState>;
  /** The last fundings that were paid, oldest first. @throws RestError, InvalidMessageError */
  readSettled(instrument: string, signal: AbortSignal): Promise<SettledFunding[]>;
}

/** Base asset of a canonical name: what stands before its first hyphen. */
export function assetOf(instrument: string): string {
  return instrument.split("-", 1)[0] as string;
}
