/** One measured figure of `pnpm bench`, beside what it is held against in the same run. */
export interface BenchResult {
  /** Such as `candles.core`. */
  name: string;
  /** Median of the rounds, in `unit`. */
  value: number;
  unit: string;
  /** What stands beside it, with its figure: a floor measured in the same run, or a fixed target. */
  against: string;
  /** value over the figure it is held against. */
  ratio: number;
}
