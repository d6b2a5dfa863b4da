import { keyOf, type SeriesKey } from "./enriched-row.ts";
import { IndicatorSeries } from "./indicator-series.ts";

/** State of one partition: nothing in it that its rows do not tell. */
export class LaneState {
  readonly lane: number;
  /** Series that are loaded, each as it is after its last row. */
  readonly #series = new Map<string, IndicatorSeries>();
  /** Nothing of this lane is in the table but what this process wrote: what is not loaded is empty. */
  readonly #isWhole: boolean;
  /** Revisions that keys had reached before the lane was rebuilt. */
  readonly #former: ReadonlyMap<string, number>;
  /** Instruments whose messages go to the dead letters. */
  readonly parked: Set<string>;

  constructor(lane: number, isWhole: boolean, former: ReadonlyMap<string, number>, parked: Iterable<string>) {
    this.lane = lane;
    this.#isWhole = isWhole;
    this.#former = former;
    this.parked = new Set(parked);
  }

  /** null where its rows have to be loaded first. */
  find(key: SeriesKey): IndicatorSeries | null {
    const found = this.#series.get(keyOf(key));
    if (found !== undefined) return found;
    if (!this.#isWhole) return null;
    const series = new IndicatorSeries();
    this.put(key, series);
    return series;
  }

  put(key: SeriesKey, series: IndicatorSeries): void {
    this.#series.set(keyOf(key), series);
  }

  /** The revision of a key's first row: what readers may hold of it from before a rebuild is not above it. */
  firstRevision(key: SeriesKey, openTime: number): number {
    return this.#former.get(rowKeyOf(key, openTime)) ?? 0;
  }
}

export function rowKeyOf(key: SeriesKey, openTime: number): string {
  return `${keyOf(key)}\0${openTime}`;
}

export function instrumentKeyOf(venue: string, instrument: string): string {
  return `${venue}\0${instrument}`;
}
