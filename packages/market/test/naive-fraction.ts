/** An exact ratio of two integers; the bottom is above zero. */
export interface Fraction {
  top: bigint;
  bottom: bigint;
}

export const ZERO: Fraction = { top: 0n, bottom: 1n };

/** null where the denominator is zero. */
export function fraction(top: bigint, bottom = 1n): Fraction | null {
  if (bottom === 0n) return null;
  return bottom < 0n ? { top: -top, bottom: -bottom } : { top, bottom };
}

/** The exact value of a decimal such as `-0.15`. */
export function decimal(text: string): Fraction {
  const [whole = "0", decimals = ""] = text.split(".");
  return { top: BigInt(whole + decimals), bottom: 10n ** BigInt(decimals.length) };
}

export const plus = (a: Fraction, b: Fraction): Fraction => ({ top: a.top * b.bottom + b.top * a.bottom, bottom: a.bottom * b.bottom });
export const minus = (a: Fraction, b: Fraction): Fraction => plus(a, { top: -b.top, bottom: b.bottom });
export const times = (a: Fraction, b: Fraction): Fraction => ({ top: a.top * b.top, bottom: a.bottom * b.bottom });
export const over = (a: Fraction, b: Fraction): Fraction | null => fraction(a.top * b.bottom, a.bottom * b.top);
export const absolute = (a: Fraction): Fraction => (a.top < 0n ? { top: -a.top, bottom: a.bottom } : a);

export const signOf = (a: Fraction): number => (a.top > 0n ? 1 : a.top < 0n ? -1 : 0);
/** Below zero, zero or above as a is below, equal to or above b. */
export const compare = (a: Fraction, b: Fraction): number => signOf(minus(a, b));
export const smaller = (a: Fraction, b: Fraction): Fraction => (compare(a, b) < 0 ? a : b);
export const larger = (a: Fraction, b: Fraction): Fraction => (compare(a, b) > 0 ? a : b);

/** To `decimals` digits after the point (before it where negative), half away from zero. */
export function roundedTo(value: Fraction, decimals: number): Fraction {
  const { top, bottom } = absolute(value);
  const up = 10n ** BigInt(Math.max(decimals, 0));
  const down = 10n ** BigInt(Math.max(-decimals, 0));
  const whole = (2n * top * up + bottom * down) / (2n * bottom * down);
  return { top: (value.top < 0n ? -whole : whole) * down, bottom: up };
}

/** To 12 significant digits, half away from zero. */
export function rounded(value: Fraction): Fraction {
  if (value.top === 0n) return ZERO;
  const { top, bottom } = absolute(value);
  // Digits before the point; where there are none, minus the zeros right after it.
  let digits = String(top / bottom).length;
  if (top < bottom) {
    digits = 0;
    while (top * 10n ** BigInt(1 - digits) < bottom) digits -= 1;
  }
  return roundedTo(value, 12 - digits);
}

/** The rounded value against a constant, as every rule that names one has it. */
export const against = (value: Fraction, constant: string): number => compare(rounded(value), decimal(constant));

const DECIMALS = 10n ** 40n;

/** The nearest double of the first 40 decimals. */
export function toDouble(value: Fraction): number {
  return value.top === 0n ? 0 : Number(`${(value.top * DECIMALS) / value.bottom}e-40`);
}
