import {
  JUDGEMENT_BARS,
  type JudgementBar,
  type JudgementKey,
  type LivePattern,
  type Surroundings,
} from "@tickfleet/patterns/judgement-inputs";
import type { SignalLevel } from "@tickfleet/patterns/signal-level";

/** `sent` counts the signal's messages under this name. */
export const SIGNAL = "signal";

/** A candle with what is known of its judgement. */
export interface Bar {
  candle: JudgementBar;
  /** null: its step has not run yet. */
  surroundings: Surroundings | null;
  /** Last revision sent of each pattern, by kind, and of the signal: also where it was withdrawn. */
  sent: Record<string, number>;
  /** Level of the signal that stands on it. */
  signal: SignalLevel | null;
  /** What other timeframes see of it while it is their last closed candle; null: not computed since it changed. */
  live: readonly LivePattern[] | null;
}

/** Bars from which on the window is cut, and to how many: a revision that is nearer needs no rows. */
const LONGEST_WINDOW = 128;
export const KEPT_BARS = 64;

export function createBar(candle: JudgementBar): Bar {
  return { candle, surroundings: null, sent: {}, signal: null, live: null };
}

/** The last candles of one instrument and timeframe. */
export class BarSeries {
  readonly key: JudgementKey;
  /** Ascending. */
  bars: Bar[];
  /** Nothing comes before the first bar. */
  isWhole: boolean;

  constructor(key: JudgementKey, bars: Bar[] = [], isWhole = true) {
    this.key = key;
    this.bars = bars;
    this.isWhole = isWhole;
  }

  get last(): Bar | null {
    return this.bars.at(-1) ?? null;
  }

  /** Place of the bar that opens at a time, -1 where there is none. */
  indexOf(openTime: number): number {
    return this.bars.findLastIndex(({ candle }) => candle.openTime === openTime);
  }

  /** Whether all bars that a judgement at this time looks at are here, if there are any. */
  covers(openTime: number): boolean {
    const first = this.bars[JUDGEMENT_BARS];
    return this.isWhole || (first !== undefined && first.candle.openTime <= openTime);
  }

  /** Place of the last bar that had closed by a time, -1 where there is none. */
  lastClosedBy(timeMs: number): number {
    return this.bars.findLastIndex(({ candle }) => candle.closeTime <= timeMs);
  }

  /** The candles that the judgement of a bar looks at. */
  windowAt(at: number): JudgementBar[] {
    return this.bars.slice(Math.max(0, at + 1 - JUDGEMENT_BARS), at + 1).map(({ candle }) => candle);
  }

  /** Puts a bar in its place; returns which that is. */
  insert(bar: Bar): number {
    const at = this.bars.findLastIndex(({ candle }) => candle.openTime < bar.candle.openTime) + 1;
    this.bars.splice(at, 0, bar);
    if (this.bars.length <= LONGEST_WINDOW || at < this.bars.length - 1) return at;
    this.bars = this.bars.slice(-KEPT_BARS);
    this.isWhole = false;
    return this.bars.length - 1;
  }
}
