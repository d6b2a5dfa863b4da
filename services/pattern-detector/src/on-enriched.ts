import { createBar } from "./bar-series.ts";
import type { EnrichedInput } from "./enriched-input.ts";
import type { InstrumentState } from "./instrument-state.ts";
import { isSame, type Judging, judgeAgain, judgeFirst } from "./judge-bars.ts";

type EnrichedCandle = Extract<EnrichedInput, { kind: "enriched" }>;

/** A closed candle waits for the others of its close, then all are judged; one of the past changes what looked at it. */
export function onEnriched(state: InstrumentState, input: EnrichedCandle, judging: Judging): void {
  const { key, candle, stamps } = input;
  const series = state.series(key.timeframe);
  const at = series.indexOf(candle.openTime);
  const present = series.bars[at];
  if (present !== undefined) {
    if (present.candle.enrichedRevision >= candle.enrichedRevision) return;
    const change = (): void => {
      present.candle = candle;
    };
    // most revisions change indicators that no judgement looks at
    if (present.surroundings === null || isSame(present.candle, candle)) change();
    else judgeAgain(series, at, present, change, stamps, judging);
    judging.writer.putBar(judging.lane.lane, series.key, present);
  } else if (state.isPast(key.timeframe, candle.openTime, candle.closeTime)) insertLate(state, input, judging);
  else {
    if (state.pendingAt !== null && state.pendingAt < candle.closeTime) runStep(state, {}, judging);
    const bar = createBar(candle);
    series.insert(bar);
    state.pendingAt = candle.closeTime;
    judging.writer.putBar(judging.lane.lane, series.key, bar);
    if (state.isComplete()) runStep(state, stamps, judging);
  }
}

/** Judges the bars of the pending step, highest timeframe first, so that lower ones see what stands above them. */
function runStep(state: InstrumentState, stamps: Readonly<Record<string, number>>, judging: Judging): void {
  for (const { series, bar } of state.pendingBars()) judgeFirst(state, series, bar, stamps, judging);
  state.pendingAt = null;
}

/** A candle whose step is over is a step of its own, with what stood around it at its close. */
function insertLate(state: InstrumentState, { key, candle, stamps }: EnrichedCandle, judging: Judging): void {
  const series = state.series(key.timeframe);
  const bar = createBar(candle);
  const from = series.bars.findLastIndex((other) => other.candle.openTime < candle.openTime) + 1;
  const change = (): void => {
    series.insert(bar);
    judgeFirst(state, series, bar, stamps, judging);
  };
  judgeAgain(series, from, bar, change, {}, judging);
}
