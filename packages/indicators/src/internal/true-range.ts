/** max(high - low, |high - previous close|, |low - previous close|); NaN where there is no previous close. Wilder 1978. */
export function trueRange(high: number, low: number, previousClose: number): number {
  return Math.max(high - low, Math.abs(high - previousClose), Math.abs(low - previousClose));
}
