import { INDICATOR_NAMES, type IndicatorName } from "@tickfleet/contracts/enriched-messages";
import type { IndicatorCandle } from "@tickfleet/indicators/indicator";
import type { Candle } from "@tickfleet/market/candle";
import { roundDerived } from "@tickfleet/market/exact";
import { dayAt, zoneOf } from "@tickfleet/market/zone";
import {
  createFitDeviation,
  createRunning,
  createVolumeMean,
  createWindowed,
  FIT_WINDOW,
  LONGEST_WINDOW,
  type Member,
  PLACE_OF,
  VOLUME_WINDOW,
} from "./indicator-set.ts";

/** A longer time between a close and the next open is a hole for every calendar and timeframe: the windows begin anew. */
export const HOLE_MS = 4 * 86_400_000;

/** What the indicators take from a candle. */
export type SourceCandle = Pick<
  Candle,
  "timeframe" | "anchor" | "openTime" | "closeTime" | "completeness" | "high" | "low" | "close" | "volumeBase" | "sumPriceSize"
>;

/** Values at the close of one candle. */
export interface SeriesValues {
  /** In the order of INDICATOR_NAMES, 12 significant digits. */
  values: (number | null)[];
  /** Whose input was degenerate, in the same order. */
  undefined: IndicatorName[];
  /** What it takes, beside the window, to go on after this candle. */
  running: Float64Array;
}

/** What a series is restored from: rows before a time, oldest first. */
export interface SeriesContext {
  /** The last LONGEST_WINDOW candles with trades. */
  priced: readonly { openTime: number; high: number; low: number; close: number }[];
  /** Volumes of the last VOLUME_WINDOW candles that count in volume windows. */
  volumes: readonly number[];
  /** The last candle; null where there is none. */
  last: { openTime: number; closeTime: number; running: Float64Array } | null;
}

/** The indicators of one instrument and timeframe, after a candle. */
export class IndicatorSeries {
  /** The last candle taken. */
  last: { openTime: number; closeTime: number } | null = null;
  readonly #windowed = createWindowed();
  readonly #running = createRunning();
  readonly #volumes = createVolumeMean();
  readonly #fit = createFitDeviation();
  #deviation: number | null = null;
  #volumeMean: number | null = null;
  /** Candles in the windows since the last hole, counted up to the window's length. */
  #priced = 0;
  #counted = 0;
  readonly #results: (number | null)[] = INDICATOR_NAMES.map(() => null);

  /** The series as it was after the rows of a context. */
  static restore(context: SeriesContext): IndicatorSeries {
    const series = new IndicatorSeries();
    if (context.last !== null) series.#restore(context, context.last);
    return series;
  }

  /** Takes a candle later than the last one. */
  advance(candle: SourceCandle): SeriesValues {
    if (this.last !== null && candle.openTime - this.last.closeTime > HOLE_MS) this.#resetWindows();
    this.last = { openTime: candle.openTime, closeTime: candle.closeTime };
    const undefinedNames = this.#update(candle);
    const results = this.#results;
    const isPriced = candle.close !== null;
    results[PLACE_OF.volumeSma20] = isPriced ? this.#volumeMean : null;
    const slope = results[PLACE_OF.linearregSlope20] ?? null;
    const theta = trendAngle(slope, results[PLACE_OF.atr14] ?? null);
    results[PLACE_OF.trendAngle] = theta;
    results[PLACE_OF.trendStrength] = trendStrength(results[PLACE_OF.adx14] ?? null, theta, slope, this.#deviation);
    // a week has several sessions: the last one's average cannot be had from its candle
    if (candle.timeframe === "1w") results[PLACE_OF.vwapSession] = null;
    if (isPriced) this.#priced = Math.min(this.#priced + 1, LONGEST_WINDOW);
    if (isPriced || candle.completeness === "no-trades") this.#addVolume(candle.volumeBase);
    return {
      values: results.map((value) => (value === null ? null : roundDerived(value))),
      undefined: undefinedNames,
      running: this.#snapshot(),
    };
  }

  #update(candle: SourceCandle): IndicatorName[] {
    const { openTime, high, low, close, volumeBase, sumPriceSize } = candle;
    const sessionOpenTime = dayAt(zoneOf(candle.anchor), openTime);
    const input: IndicatorCandle = { openTime, high, low, close, volumeBase, sumPriceSize, sessionOpenTime };
    const places = new Set<number>();
    for (const members of [this.#windowed, this.#running]) {
      for (const { indicator, places: own } of members) {
        const result = indicator.update(input);
        for (const [output, place] of own) {
          this.#results[place] = result.values[output] ?? null;
          if (result.undefined) places.add(place);
        }
      }
    }
    this.#deviation = this.#fit.update(input).values.stddev;
    return INDICATOR_NAMES.filter((_, place) => places.has(place));
  }

  #addVolume(volume: number): void {
    this.#volumeMean = this.#volumes.update({ openTime: 0, high: volume, low: volume, close: volume, volumeBase: 0 }).values.sma;
    this.#counted = Math.min(this.#counted + 1, VOLUME_WINDOW);
  }

  #resetWindows(): void {
    for (const { indicator } of this.#windowed) indicator.reset();
    this.#volumes.reset();
    this.#fit.reset();
    this.#volumeMean = null;
    this.#priced = 0;
    this.#counted = 0;
  }

  #snapshot(): Float64Array {
    const numbers = [this.#priced, this.#counted];
    for (const { indicator } of this.#running) {
      const own = indicator.snapshot().numbers;
      numbers.push(own.length, ...own);
    }
    return Float64Array.from(numbers);
  }

  #restore(context: SeriesContext, last: NonNullable<SeriesContext["last"]>): void {
    this.last = { openTime: last.openTime, closeTime: last.closeTime };
    const { running } = last;
    let at = 2;
    for (const member of this.#running) at = restoreMember(member, running, at);
    if (at !== running.length) throw new RangeError(`expected ${at} numbers of running indicators, found ${running.length}`);
    this.#priced = running[0] as number;
    const priced = this.#priced === 0 ? [] : context.priced.slice(-this.#priced);
    const windows = [this.#fit, ...this.#windowed.map(({ indicator }) => indicator)];
    for (const indicator of windows) for (const row of priced) indicator.update({ ...row, volumeBase: 0 });
    const counted = running[1] as number;
    for (const volume of counted === 0 ? [] : context.volumes.slice(-counted)) this.#addVolume(volume);
  }
}

/** Returns where the next member's numbers begin. */
function restoreMember({ indicator }: Member, running: Float64Array, at: number): number {
  const end = at + 1 + (running[at] ?? 0);
  indicator.restore({ id: indicator.id, numbers: [...running.subarray(at + 1, end)] });
  return end;
}

/** Degrees of the slope, one ATR per candle being 45; 0 where the ATR is 0. */
function trendAngle(slope: number | null, atr: number | null): number | null {
  if (slope === null || atr === null) return null;
  return atr === 0 ? 0 : (Math.atan(slope / atr) * 180) / Math.PI;
}

/** `trend_strength` of metrics book 6, 0..1: of the line's fit R² = slope² · Σ(x - mean)² / Σ(close - mean)², 0 for a flat window. */
function trendStrength(adx: number | null, theta: number | null, slope: number | null, deviation: number | null): number | null {
  if (adx === null || theta === null || slope === null || deviation === null) return null;
  const places = (FIT_WINDOW ** 2 - 1) / 12;
  const fit = deviation === 0 ? 0 : Math.min(1, places * (slope / deviation) ** 2);
  return 0.5 * Math.min(1, adx / 50) + 0.3 * Math.min(1, Math.abs(theta) / 30) + 0.2 * fit;
}
