/** TA-Lib's limit. */
const LONGEST_PERIOD = 100_000;

export type Parameters = Readonly<Record<string, number | string>>;

/** `name@version(a=1,b=2)`, the parameters in the order of the formula. */
export function indicatorId(name: string, version: string, parameters: Parameters): string {
  const pairs = Object.entries(parameters).map(([key, value]) => `${key}=${value}`);
  return `${name}@${version}(${pairs.join(",")})`;
}

/** Throws RangeError where a period is no integer from `least` to 100,000. */
export function requirePeriod(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least || value > LONGEST_PERIOD) {
    throw new RangeError(`expected ${name} to be an integer from ${least} to ${LONGEST_PERIOD}, found ${value}`);
  }
}

/** Throws RangeError where a number of deviations is not finite. */
export function requireFinite(name: string, value: number): void {
  if (!Number.isFinite(value)) throw new RangeError(`expected ${name} to be a finite number, found ${value}`);
}
