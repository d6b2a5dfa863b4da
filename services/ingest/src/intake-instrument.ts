import { type clock, gap, type status, tradeBatch } from "@tickfleet/contracts/market-messages";
import { type MessageDefinition, subjectOf } from "@tickfleet/contracts/message";
import type { Instrument } from "@tickfleet/market/instrument";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { type GapSink, GapTracker, type GapTrackerState } from "./gap-tracker.ts";
import { QuoteBook, type QuoteBookState } from "./quote-book.ts";
import { type OpenBatchState, TradeBatchBuilder } from "./trade-batch-builder.ts";
import { SideRule, type TickState } from "./trade-side.ts";

/** All that the intake keeps of one instrument. */
export interface IntakeInstrument {
  instrument: Instrument;
  priceScale: number;
  sizeScale: number;
  /** Greatest values so far at these scales: finer scales must leave room for them. */
  greatestPrice: number;
  greatestSize: number;
  batch: TradeBatchBuilder;
  quotes: QuoteBook;
  side: SideRule;
  gaps: GapTracker;
  /** Connection time at which its source stopped to list it, null while it does. */
  delistedUs: number | null;
  tradeSubject: string;
  gapSubject: string;
}

export interface IntakeInstrumentState {
  instrument: Instrument;
  priceScale: number;
  sizeScale: number;
  greatestPrice: number;
  greatestSize: number;
  batch: OpenBatchState | null;
  quotes: QuoteBookState;
  tick: TickState | null;
  gaps: GapTrackerState;
  /** Absent in states of older versions. */
  delistedUs?: number | null;
}

export function createIntakeInstrument(instrument: Instrument, venue: string, connection: string, sink: GapSink): IntakeInstrument {
  const name = instrument.instrument;
  const parameters = { venue, instrument: name };
  return {
    instrument,
    priceScale: instrument.priceScale,
    sizeScale: instrument.sizeScale,
    greatestPrice: 0,
    greatestSize: 0,
    batch: new TradeBatchBuilder(venue, name),
    quotes: new QuoteBook(),
    side: new SideRule(instrument.calendar),
    gaps: new GapTracker(venue, connection, name, sink),
    delistedUs: null,
    tradeSubject: subjectOf(tradeBatch, parameters),
    gapSubject: subjectOf(gap, parameters),
  };
}

export function snapshotInstrument(kept: IntakeInstrument): IntakeInstrumentState {
  const { instrument, priceScale, sizeScale, greatestPrice, greatestSize } = kept;
  return {
    instrument,
    priceScale,
    sizeScale,
    greatestPrice,
    greatestSize,
    batch: kept.batch.snapshot(),
    quotes: kept.quotes.snapshot(),
    tick: kept.side.snapshot(),
    gaps: kept.gaps.snapshot(),
    delistedUs: kept.delistedUs,
  };
}

export function restoreInstrument(state: IntakeInstrumentState, venue: string, connection: string, sink: GapSink): IntakeInstrument {
  const kept = createIntakeInstrument(state.instrument, venue, connection, sink);
  kept.priceScale = state.priceScale;
  kept.sizeScale = state.sizeScale;
  kept.greatestPrice = state.greatestPrice;
  kept.greatestSize = state.greatestSize;
  if (state.batch !== null) kept.batch.restore(state.batch);
  kept.quotes.restore(state.quotes);
  kept.side.restore(state.tick);
  kept.gaps.restore(state.gaps);
  kept.delistedUs = state.delistedUs ?? null;
  return kept;
}

/**
 * Brings an instrument to finer scales where these are finer; batches, quotes and the memory of prices follow.
 * @throws InvalidMessageError where a value seen before would not fit below 2^53 any more
 */
export function growScales(kept: IntakeInstrument, priceScale: number, sizeScale: number): void {
  if (priceScale <= kept.priceScale && sizeScale <= kept.sizeScale) return;
  const priceFactor = 10 ** Math.max(0, priceScale - kept.priceScale);
  const sizeFactor = 10 ** Math.max(0, sizeScale - kept.sizeScale);
  if (!Number.isSafeInteger(kept.greatestPrice * priceFactor) || !Number.isSafeInteger(kept.greatestSize * sizeFactor)) {
    throw new InvalidMessageError(`finer than the instrument's values allow below 2^53 (scales ${priceScale} and ${sizeScale})`);
  }
  kept.priceScale = Math.max(kept.priceScale, priceScale);
  kept.sizeScale = Math.max(kept.sizeScale, sizeScale);
  kept.greatestPrice *= priceFactor;
  kept.greatestSize *= sizeFactor;
  kept.quotes.rescale(priceFactor, sizeFactor);
  kept.side.rescale(priceFactor);
}

/** Subject of a message about a whole connection. */
export function connectionSubject(definition: typeof clock | typeof status, venue: string, connection: string): string {
  return subjectOf(definition as MessageDefinition, { venue, connection });
}
