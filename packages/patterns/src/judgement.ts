import { calendarOf } from "@tickfleet/market/calendar";
import { scheduledMinutes } from "@tickfleet/market/interval";
import { type Candlestick, type CandlestickName, directionOf } from "./candlestick.ts";
import { type CandlestickMatch, createCandlestickScanner } from "./candlestick-scanner.ts";
import { candlesticks, findCandlestick } from "./candlesticks.ts";
import { JUDGEMENT_BARS, type JudgementBar, type JudgementInputs, type JudgementKey } from "./judgement-inputs.ts";
import { gradePattern, type JudgedPattern } from "./pattern-judgement.ts";
import { type JudgedSignal, judgeSignal } from "./signal-judgement.ts";
import type { Direction } from "./weighted-confidence.ts";

/** What there is on a candle. */
export interface Judgement {
  /** In the order of the table of candlesticks. */
  readonly patterns: readonly JudgedPattern[];
  /** null: no evidence, no level, or held back because it would repeat an earlier one. */
  readonly signal: JudgedSignal | null;
}

/** Candles that the longest pattern takes; a longer hole begins the window anew. */
const PATTERN_WINDOW = 1 + Math.max(...candlesticks.map(({ lookback }) => lookback));
/**
 * Patterns and signal of the last candle (metrics book 7, 8). A function of its inputs: the same inputs give the same bytes, per version of
 * the algorithms named in the result. Throws RangeError without candles, CalendarRangeError beyond the calendar's years.
 */
export function judge(inputs: JudgementInputs): Judgement {
  const bars = windowOf(inputs.key, inputs.bars);
  const graded = detectIn(bars).map((match) => gradePattern(inputs, bars, match));
  return { patterns: graded.map(({ pattern }) => pattern), signal: judgeSignal(inputs, bars, graded) };
}

/** The candlesticks on the last candle with their directions, before any grading: what other timeframes may take as confirmation. */
export function detectPatterns(
  key: JudgementKey,
  bars: readonly JudgementBar[],
): { readonly kind: CandlestickName; readonly direction: Direction }[] {
  return detectIn(windowOf(key, bars)).map(({ name, value }) => ({
    kind: name,
    direction: directionOf(findCandlestick(name) as Candlestick, value),
  }));
}

/** The candles that count: the last ones, from the last hole on. */
function windowOf(key: JudgementKey, bars: readonly JudgementBar[]): readonly JudgementBar[] {
  if (bars.length === 0) throw new RangeError("expected at least the judged candle, found none");
  const calendar = calendarOf(key.calendar);
  let from = bars.length - 1;
  for (const least = Math.max(0, bars.length - JUDGEMENT_BARS); from > least; from--) {
    const { openTime, closeTime } = bars[from] as JudgementBar;
    const before = bars[from - 1] as JudgementBar;
    if (before.closeTime === openTime) continue;
    const missing = scheduledMinutes(calendar, key.session, before.closeTime, openTime);
    if (missing > PATTERN_WINDOW * scheduledMinutes(calendar, key.session, openTime, closeTime)) break;
  }
  return bars.slice(from);
}

function detectIn(bars: readonly JudgementBar[]): CandlestickMatch[] {
  const candles: [number, number, number, number][] = [];
  for (const { open, high, low, close } of bars.slice(0, -1)) {
    if (open !== null && high !== null && low !== null && close !== null) candles.push([open, high, low, close]);
  }
  const scanner = createCandlestickScanner();
  scanner.restore({ candles });
  return scanner.peek(bars.at(-1) as JudgementBar);
}
