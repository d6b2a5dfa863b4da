import { calendarOf } from "@tickfleet/market/calendar";
import { closingAt } from "@tickfleet/market/interval";
import { TIMEFRAMES, type Timeframe } from "@tickfleet/market/timeframe";
import type { JudgementKey } from "@tickfleet/patterns/judgement-inputs";
import { type Bar, BarSeries } from "./bar-series.ts";

/** What an instrument's candles share. */
export type InstrumentKey = Omit<JudgementKey, "timeframe">;

/** All timeframes of an instrument, and the step that waits for them. */
export class InstrumentState {
  readonly key: InstrumentKey;
  readonly #series = new Map<Timeframe, BarSeries>();
  /** Close of the candles whose step waits for others of the same close; null: none waits. */
  pendingAt: number | null = null;
  /** Close of the latest step that ran. */
  judgedUntil = Number.NEGATIVE_INFINITY;

  constructor(key: InstrumentKey) {
    this.key = key;
  }

  series(timeframe: Timeframe): BarSeries {
    let found = this.#series.get(timeframe);
    if (found === undefined) {
      found = new BarSeries({ ...this.key, timeframe });
      this.#series.set(timeframe, found);
    }
    return found;
  }

  /** Takes over bars as they were stored, in place of what is here. */
  put(timeframe: Timeframe, bars: Bar[], isWhole: boolean): void {
    this.#series.set(timeframe, new BarSeries({ ...this.key, timeframe }, bars, isWhole));
    for (const { candle, surroundings } of bars) {
      if (surroundings === null) this.pendingAt = candle.closeTime;
      else this.judgedUntil = Math.max(this.judgedUntil, candle.closeTime);
    }
  }

  /** Whether a candle's step has been run, or passed over: it comes late. */
  isPast(timeframe: Timeframe, openTime: number, closeTime: number): boolean {
    const last = this.series(timeframe).last;
    if (last !== null && openTime < last.candle.openTime) return true;
    return closeTime <= this.judgedUntil || (this.pendingAt !== null && closeTime < this.pendingAt);
  }

  /** Whether every timeframe that the calendar closes at the pending time has come. */
  isComplete(): boolean {
    const at = this.pendingAt;
    if (at === null) return false;
    const closing = closingAt(calendarOf(this.key.calendar), this.key.session, at);
    return closing.every((timeframe) => this.series(timeframe).last?.candle.closeTime === at);
  }

  /** The bars of the pending step, highest timeframe first. */
  pendingBars(): { series: BarSeries; bar: Bar }[] {
    return TIMEFRAMES.toReversed().flatMap((timeframe) => {
      const series = this.series(timeframe);
      const bar = series.last;
      return bar !== null && bar.surroundings === null && bar.candle.closeTime === this.pendingAt ? [{ series, bar }] : [];
    });
  }
}
