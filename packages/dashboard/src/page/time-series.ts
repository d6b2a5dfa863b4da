/** A row of a series: its time and how new it is. */
export interface TimedRow {
  openTime: number;
  revision: number;
  state?: string;
}

/** What a change means for what is drawn: nothing, only the newest rows, or all of it. */
export type SeriesChange = "none" | "tail" | "all";

/** Rows by time, each in its newest form, whatever order they come in. */
export class TimeSeries<Row extends TimedRow> {
  readonly #rows = new Map<number, Row>();
  #sorted: Row[] | null = [];
  #changedFrom = Number.POSITIVE_INFINITY;
  #drawnUntil = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.#rows.size;
  }

  get first(): Row | undefined {
    return this.rows()[0];
  }

  get last(): Row | undefined {
    return this.rows().at(-1);
  }

  at(openTime: number): Row | undefined {
    return this.#rows.get(openTime);
  }

  clear(): void {
    this.#rows.clear();
    this.#sorted = [];
    this.#changedFrom = Number.NEGATIVE_INFINITY;
    this.#drawnUntil = Number.NEGATIVE_INFINITY;
  }

  /** Takes a row unless a newer form of it is held: a higher revision, or the closed one of an open. */
  put(row: Row): boolean {
    const held = this.#rows.get(row.openTime);
    if (held !== undefined && isOlder(row, held)) return false;
    this.#rows.set(row.openTime, row);
    const last = this.#sorted?.at(-1);
    if (this.#sorted !== null && (last === undefined || last.openTime < row.openTime)) this.#sorted.push(row);
    else if (this.#sorted !== null && last?.openTime === row.openTime) this.#sorted[this.#sorted.length - 1] = row;
    else this.#sorted = null;
    this.#changedFrom = Math.min(this.#changedFrom, row.openTime);
    return true;
  }

  /** All rows, ascending. */
  rows(): readonly Row[] {
    this.#sorted ??= [...this.#rows.values()].sort((a, b) => a.openTime - b.openTime);
    return this.#sorted;
  }

  /** What has changed since the last call, and the rows to draw for it. */
  takeChanges(): { change: SeriesChange; rows: readonly Row[] } {
    const from = this.#changedFrom;
    if (from === Number.POSITIVE_INFINITY) return { change: "none", rows: [] };
    const rows = this.rows();
    const isTail = from >= this.#drawnUntil && this.#drawnUntil !== Number.NEGATIVE_INFINITY;
    this.#changedFrom = Number.POSITIVE_INFINITY;
    this.#drawnUntil = rows.at(-1)?.openTime ?? Number.NEGATIVE_INFINITY;
    if (!isTail) return { change: "all", rows };
    let start = rows.length;
    while (start > 0 && (rows[start - 1] as Row).openTime >= from) start -= 1;
    return { change: "tail", rows: rows.slice(start) };
  }
}

function isOlder(row: TimedRow, held: TimedRow): boolean {
  if (row.state === "forming" && held.state !== "forming" && held.state !== undefined) return true;
  return held.state !== "forming" && row.revision < held.revision;
}
