/** One measured figure of `pnpm bench`, beside what it is held against in the same run. */
export interface BenchResult {
  /** Such as `candles.core`. */
  name: string;
  /** Median of the rounds, in `unit`. */
  value: number;
  unit: string;
  /** What stands beside it: a floor that no program can pass, a peer, or another bench by its name. */
  against: string;
  /** The figure of `against`, in `unit`, measured in the same run; null where there is none. */
  reference: number | null;
  /** Ours against the reference, so that more is better; null where there is none. */
  ratio: number | null;
}

/** What a bench gets from the runner. */
export interface BenchContext {
  /** The bench that was asked for, where a file holds several. */
  name: string;
  /** The figure of another bench, measured in this run at the latest now. */
  figureOf(name: string): Promise<number>;
  /** One line of progress. */
  tell(line: string): void;
}
