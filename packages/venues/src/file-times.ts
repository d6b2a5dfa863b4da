const DAY_US = 86_400_000_000;
const WEEK_US = 7 * DAY_US;
/** Times before this are none: no venue of a file is older, and 0 is what a missing time looks like. */
export const EARLIEST_US = Date.UTC(1990, 0, 1) * 1000;
/** Rows that a doubtful time is compared with. */
const FOLLOWERS = 10;
/** Rows that wait for a verdict, those without a time among them; beyond it the verdict is made from what is there. */
const MOST_WAITING = 2_000;

/** Takes a row, in the order in which they came in; `fault` says why its time cannot be, null where it may. */
export type TimedRowSink<T> = (row: T, timeUs: number, fault: string | null) => void;

interface WaitingRow<T> {
  row: T;
  /** NaN where the row has no time, or one that cannot be whatever stands around it. */
  timeUs: number;
  fault: string | null;
}

/**
 * Tells times that cannot be from the jumps that files have: one wrong row years ahead would close millions of empty
 * minutes. A row more than a day outside the times accepted so far is held against the ten rows after it. It stands where
 * most of them go on from it, or it lies no farther from one of them than they lie apart; a last row where the step is
 * under a week, or under twice the longest before it. Decides by the rows and their order alone.
 */
export class TimeFilter<T> {
  readonly #sink: TimedRowSink<T>;
  readonly #latestUs: number;
  #waiting: WaitingRow<T>[] = [];
  #lowUs = Number.POSITIVE_INFINITY;
  #highUs = Number.NEGATIVE_INFINITY;
  #longestStepUs = 0;
  #accepted = 0;

  /** @param latestUs no time may be beyond it, epoch microseconds */
  constructor(latestUs: number, sink: TimedRowSink<T>) {
    this.#latestUs = latestUs;
    this.#sink = sink;
  }

  /** Takes the next row; null as its time: it has none, and passes in its turn. */
  push(row: T, timeUs: number | null): void {
    const fault = timeUs === null ? null : this.#faultAlone(timeUs);
    const us = timeUs === null || fault !== null ? Number.NaN : timeUs;
    if (this.#waiting.length === 0 && !(us < this.#lowUs - DAY_US || us > this.#highUs + DAY_US)) {
      this.#pass(row, us, fault);
      return;
    }
    this.#waiting.push({ row, timeUs: us, fault });
    this.#settle(this.#waiting.length >= MOST_WAITING);
  }

  /** No row follows: decides on those that wait. */
  flush(): void {
    this.#settle(true);
    this.#waiting = [];
  }

  #settle(isLast: boolean): void {
    let done = 0;
    for (; done < this.#waiting.length; done++) {
      const { row, timeUs, fault } = this.#waiting[done] as WaitingRow<T>;
      if (!(timeUs < this.#lowUs - DAY_US || timeUs > this.#highUs + DAY_US)) {
        this.#pass(row, timeUs, fault);
        continue;
      }
      const followers = this.#followersOf(done);
      if (followers.length < FOLLOWERS && !isLast) break;
      const doubt = this.#accepted === 0 ? faultOfFirst(timeUs, followers) : this.#faultOf(timeUs, followers);
      if (doubt === null) this.#pass(row, timeUs, null);
      else this.#sink(row, timeUs, doubt);
    }
    this.#waiting.splice(0, done);
  }

  #pass(row: T, timeUs: number, fault: string | null): void {
    if (timeUs < this.#lowUs || timeUs > this.#highUs) this.#extend(timeUs);
    if (!Number.isNaN(timeUs)) this.#accepted += 1;
    this.#sink(row, timeUs, fault);
  }

  #extend(timeUs: number): void {
    if (this.#accepted > 0) this.#longestStepUs = Math.max(this.#longestStepUs, this.#distance(timeUs));
    this.#lowUs = Math.min(this.#lowUs, timeUs);
    this.#highUs = Math.max(this.#highUs, timeUs);
  }

  /** How far a time lies outside of those accepted. */
  #distance(timeUs: number): number {
    return Math.max(timeUs - this.#highUs, this.#lowUs - timeUs);
  }

  #followersOf(at: number): number[] {
    const followers: number[] = [];
    for (let i = at + 1; i < this.#waiting.length && followers.length < FOLLOWERS; i++) {
      const { timeUs } = this.#waiting[i] as WaitingRow<T>;
      if (!Number.isNaN(timeUs)) followers.push(timeUs);
    }
    return followers;
  }

  #faultAlone(timeUs: number): string | null {
    if (timeUs < EARLIEST_US) return `time is before 1990: ${new Date(timeUs / 1000).toISOString()}`;
    if (timeUs > this.#latestUs) return `time is more than a day beyond the present: ${describeTime(timeUs)}`;
    return null;
  }

  #faultOf(timeUs: number, followers: readonly number[]): string | null {
    const isAhead = timeUs > this.#highUs;
    const distance = this.#distance(timeUs);
    if (followers.length === 0) {
      // A second row is as good as the first; a later one must not leap farther than its file is used to.
      if (this.#accepted === 1 || distance <= Math.max(WEEK_US, 2 * this.#longestStepUs)) return null;
    } else {
      const agreeing = followers.filter((other) => (isAhead ? other >= timeUs - DAY_US : other <= timeUs + DAY_US)).length;
      if (agreeing * 2 > followers.length) return null;
      if (Math.min(distance, nearest(timeUs, followers)) <= spread(followers)) return null;
    }
    const days = Math.round(distance / DAY_US);
    const than = isAhead ? "ahead of every time before it" : "before every time that came first";
    return `time is ${days} days ${than}, and the rows after it do not agree: ${describeTime(timeUs)}`;
  }
}

/** A first row is wrong where it lies far from all after it, which lie together. */
function faultOfFirst(timeUs: number, followers: readonly number[]): string | null {
  if (followers.length < 2) return null;
  const distance = nearest(timeUs, followers);
  if (distance <= Math.max(WEEK_US, 2 * spread(followers))) return null;
  return `time is ${Math.round(distance / DAY_US)} days from the rows after it: ${describeTime(timeUs)}`;
}

function nearest(timeUs: number, others: readonly number[]): number {
  return Math.min(...others.map((other) => Math.abs(other - timeUs)));
}

/** How far these times lie apart, the least and the greatest left out where there are enough: they may be wrong themselves. */
function spread(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  const skip = sorted.length >= 5 ? 1 : 0;
  return (sorted.at(-1 - skip) as number) - (sorted[skip] as number);
}

function describeTime(timeUs: number): string {
  const ms = timeUs / 1000;
  return ms <= 8.64e15 ? new Date(ms).toISOString() : `${timeUs} µs`;
}
