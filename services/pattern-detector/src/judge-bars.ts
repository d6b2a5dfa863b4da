import { type Judgement, judge } from "@tickfleet/patterns/judgement";
import { JUDGEMENT_BARS, type JudgementInputs } from "@tickfleet/patterns/judgement-inputs";
import type { ContextLog } from "@tickfleet/runtime/context-log";
import type { EmitOutput } from "@tickfleet/runtime/lane-handler";
import { type Bar, type BarSeries, SIGNAL } from "./bar-series.ts";
import type { InstrumentState } from "./instrument-state.ts";
import type { LaneState } from "./lane-state.ts";
import type { LaneWriter } from "./lane-writer.ts";
import { readSurroundings } from "./surroundings.ts";

/** Where a judgement goes, and what it takes from outside the rows. */
export interface Judging {
  lane: LaneState;
  context: Pick<ContextLog, "at">;
  writer: LaneWriter;
  emit: EmitOutput;
}

type Stamps = Readonly<Record<string, number>>;

/** Judges a bar for the first time: its surroundings are frozen, everything found is sent. */
export function judgeFirst(state: InstrumentState, series: BarSeries, bar: Bar, stamps: Stamps, judging: Judging): void {
  const at = series.bars.indexOf(bar);
  bar.surroundings = readSurroundings(state, series, at, judging.context);
  state.judgedUntil = Math.max(state.judgedUntil, bar.candle.closeTime);
  settle(series, bar, null, stamps, judging);
}

/**
 * Changes a candle of the past, and judges again what looks at it: the bar from `from` on and those after it whose lookback holds it, each
 * with its own surroundings. Sends what is different now.
 * @param own the candle's bar, which the message's stamps are of
 */
export function judgeAgain(series: BarSeries, from: number, own: Bar, change: () => void, stamps: Stamps, judging: Judging): void {
  const bars = series.bars.slice(from, from + JUDGEMENT_BARS).filter(({ surroundings }) => surroundings !== null);
  const former = bars.map((bar) => judge(inputsOf(series, bar)));
  change();
  for (const [i, bar] of bars.entries()) settle(series, bar, former[i] as Judgement, bar === own ? stamps : {}, judging);
}

/** Sends what a bar's judgement says that its former one did not, withdraws what it no longer says, and keeps the bar. */
function settle(series: BarSeries, bar: Bar, former: Judgement | null, stamps: Stamps, judging: Judging): void {
  const { lane, writer, emit } = judging;
  const { key } = series;
  const { openTime } = bar.candle;
  const inputs = inputsOf(series, bar);
  const { patterns, signal } = judge(inputs);
  const raise = (kind: string): number => {
    const sent = bar.sent[kind];
    const revision = sent === undefined ? lane.firstRevision(key, openTime, kind) : sent + 1;
    bar.sent[kind] = revision;
    return revision;
  };
  const formerPatterns = new Map(former?.patterns.map((pattern) => [pattern.kind, pattern]));
  let isChanged = former === null;
  for (const pattern of patterns) {
    const before = formerPatterns.get(pattern.kind);
    formerPatterns.delete(pattern.kind);
    if (before !== undefined && isSame(before, pattern)) continue;
    isChanged = true;
    writer.putPattern(lane.lane, pattern, { revision: raise(pattern.kind), state: "complete" }, stamps, emit);
  }
  for (const gone of formerPatterns.values()) {
    isChanged = true;
    writer.putPattern(lane.lane, { ...gone, value: 0 }, { revision: raise(gone.kind), state: "withdrawn" }, stamps, emit);
  }
  const before = former?.signal ?? null;
  if (signal !== null && (before === null || !isSame(before, signal))) {
    isChanged = true;
    writer.putSignal(lane.lane, signal, inputs, { revision: raise(SIGNAL), state: "active" }, stamps, emit);
  } else if (signal === null && before !== null) {
    isChanged = true;
    writer.putSignal(lane.lane, before, inputs, { revision: raise(SIGNAL), state: "withdrawn" }, stamps, emit);
  }
  bar.live = null;
  bar.signal = signal?.level ?? null;
  if (isChanged) writer.putBar(lane.lane, key, bar);
}

function inputsOf(series: BarSeries, bar: Bar): JudgementInputs {
  if (bar.surroundings === null) throw new Error(`the bar of ${bar.candle.openTime} has no surroundings yet`);
  return { key: series.key, bars: series.windowAt(series.bars.indexOf(bar)), surroundings: bar.surroundings };
}

/** Whether two judgements, or two candles, say the same; which revision of the enriched candle they are of is not counted. */
export function isSame<Judged extends { readonly enrichedRevision: number }>(a: Judged, b: Judged): boolean {
  return JSON.stringify({ ...a, enrichedRevision: 0 }) === JSON.stringify({ ...b, enrichedRevision: 0 });
}
