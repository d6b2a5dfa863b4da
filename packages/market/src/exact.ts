/**
 * Exact sums in two limbs. A value is `hi * 2^52 + lo` with an integer `hi` and 0 <= lo < 2^52, kept
 * in two neighbouring places of a Float64Array: hi at `at`, lo at `at + 1`. Exact to 2^104, whatever
 * the order of addition, and comparable limb by limb.
 */

const BASE = 2 ** 52;
const HALF = 2 ** 26;
const BASE_BIG = 2n ** 52n;

/** Adds a safe integer. */
export function addInteger(sums: Float64Array, at: number, value: number): void {
  let hi = sums[at] as number;
  let lo = sums[at + 1] as number;
  if (value >= BASE || value <= -BASE) {
    const part = Math.floor(value / BASE);
    hi += part;
    lo += value - part * BASE;
  } else {
    lo += value;
  }
  if (lo >= BASE) {
    lo -= BASE;
    hi += 1;
  } else if (lo < 0) {
    lo += BASE;
    hi -= 1;
  }
  sums[at] = hi;
  sums[at + 1] = lo;
}

/** Adds the product of two safe integers without rounding. */
export function addProduct(sums: Float64Array, at: number, a: number, b: number): void {
  const product = a * b;
  if (product < BASE && product > -BASE) {
    addInteger(sums, at, product);
    return;
  }
  if (a < 0) {
    addProductParts(sums, at, -a, -b);
  } else {
    addProductParts(sums, at, a, b);
  }
}

/** a >= 0; b of either sign. */
function addProductParts(sums: Float64Array, at: number, a: number, b: number): void {
  const sign = b < 0 ? -1 : 1;
  const size = Math.abs(b);
  const aHigh = Math.floor(a / HALF);
  const aLow = a - aHigh * HALF;
  const bHigh = Math.floor(size / HALF);
  const bLow = size - bHigh * HALF;
  sums[at] = (sums[at] as number) + sign * aHigh * bHigh;
  addShifted(sums, at, sign, aHigh * bLow);
  addShifted(sums, at, sign, aLow * bHigh);
  addInteger(sums, at, sign * (aLow * bLow));
}

/** Adds sign * value * 2^26 for 0 <= value < 2^53. */
function addShifted(sums: Float64Array, at: number, sign: number, value: number): void {
  const high = Math.floor(value / HALF);
  sums[at] = (sums[at] as number) + sign * high;
  addInteger(sums, at, sign * ((value - high * HALF) * HALF));
}

/** sums[at] += factor * source[from]: a safe integer times a two-limb value that is 0 or more. */
export function addMultiple(sums: Float64Array, at: number, factor: number, source: Float64Array, from: number): void {
  sums[at] = (sums[at] as number) + factor * (source[from] as number);
  addProduct(sums, at, factor, source[from + 1] as number);
}

/** target += source, both two-limb values. */
export function addExact(target: Float64Array, at: number, source: Float64Array, from: number): void {
  let hi = (target[at] as number) + (source[from] as number);
  let lo = (target[at + 1] as number) + (source[from + 1] as number);
  if (lo >= BASE) {
    lo -= BASE;
    hi += 1;
  }
  target[at] = hi;
  target[at + 1] = lo;
}

/** target += |source|, both two-limb values. */
export function addMagnitude(target: Float64Array, at: number, source: Float64Array, from: number): void {
  if ((source[from] as number) < 0) subtractExact(target, at, source, from);
  else addExact(target, at, source, from);
}

/** target -= source, both two-limb values. */
export function subtractExact(target: Float64Array, at: number, source: Float64Array, from: number): void {
  let hi = (target[at] as number) - (source[from] as number);
  let lo = (target[at + 1] as number) - (source[from + 1] as number);
  if (lo < 0) {
    lo += BASE;
    hi -= 1;
  }
  target[at] = hi;
  target[at + 1] = lo;
}

export function copyExact(target: Float64Array, at: number, source: Float64Array, from: number): void {
  target[at] = source[from] as number;
  target[at + 1] = source[from + 1] as number;
}

/** Negative where a < b, 0 where equal, positive where a > b. */
export function compareExact(a: Float64Array, at: number, b: Float64Array, from: number): number {
  const difference = (a[at] as number) - (b[from] as number);
  return difference !== 0 ? difference : (a[at + 1] as number) - (b[from + 1] as number);
}

export function isZero(sums: Float64Array, at: number): boolean {
  return sums[at] === 0 && sums[at + 1] === 0;
}

/** Whether a double that is nearest to an integer is that integer. */
export function isExact(value: number): boolean {
  return value <= Number.MAX_SAFE_INTEGER && value >= -Number.MAX_SAFE_INTEGER;
}

const QUOTIENT_BITS = 64;

/** The double nearest to a / b, so that common factors of the two change nothing; NaN where b is 0. */
export function divideIntegers(a: bigint, b: bigint): number {
  if (b === 0n) return Number.NaN;
  const isNegative = a < 0n !== b < 0n;
  const [numerator, denominator] = [a < 0n ? -a : a, b < 0n ? -b : b];
  const shift = BigInt(Math.max(0, QUOTIENT_BITS + denominator.toString(2).length - numerator.toString(2).length));
  const scaled = numerator << shift;
  const quotient = scaled / denominator;
  // a lost rest must not look like the middle between two doubles
  const rounded = Number(quotient * denominator === scaled ? quotient : quotient | 1n) / 2 ** Number(shift);
  return isNegative ? -rounded : rounded;
}

/** The double nearest to the value. */
export function exactToDouble(sums: Float64Array, at: number): number {
  return (sums[at] as number) * BASE + (sums[at + 1] as number);
}

/** The double nearest to the sum of two values. */
export function sumToDouble(sums: Float64Array, at: number, other: number): number {
  return ((sums[at] as number) + (sums[other] as number)) * BASE + ((sums[at + 1] as number) + (sums[other + 1] as number));
}

/** The double nearest to the difference of two values. */
export function differenceToDouble(sums: Float64Array, at: number, other: number): number {
  return ((sums[at] as number) - (sums[other] as number)) * BASE + ((sums[at + 1] as number) - (sums[other + 1] as number));
}

/** The value as a BigInt. */
export function exactToBigInt(sums: Float64Array, at: number): bigint {
  return BigInt(sums[at] as number) * BASE_BIG + BigInt(sums[at + 1] as number);
}

export function setBigInt(sums: Float64Array, at: number, value: bigint): void {
  let hi = value / BASE_BIG;
  let lo = value % BASE_BIG;
  if (lo < 0n) {
    lo += BASE_BIG;
    hi -= 1n;
  }
  sums[at] = Number(hi);
  sums[at + 1] = Number(lo);
}

/** Multiplies by 10^digits, exactly; what is not known (NaN) stays so. */
export function multiplyByPowerOfTen(sums: Float64Array, at: number, digits: number): void {
  if (Number.isNaN(sums[at])) return;
  if (!isZero(sums, at)) setBigInt(sums, at, exactToBigInt(sums, at) * 10n ** BigInt(digits));
}

/** Powers of ten that a double holds exactly. */
const POWERS = Array.from({ length: 23 }, (_, i) => 10 ** i);

/** 10^digits, exact up to 22 digits. */
export function powerOfTen(digits: number): number {
  return digits < POWERS.length ? (POWERS[digits] as number) : 10 ** digits;
}

/** The double nearest to value / 10^scale. */
export function exactToNumber(sums: Float64Array, at: number, scale: number): number {
  const hi = sums[at] as number;
  if (hi === 0) return scaledToNumber(sums[at + 1] as number, scale);
  if (hi === -1) return scaledToNumber((sums[at + 1] as number) - BASE, scale);
  return Number(`${exactToBigInt(sums, at)}e-${scale}`);
}

/** The double nearest to value / 10^scale times a decimal, which is taken as it is written: 0.001 is one thousandth. */
export function exactTimesDecimal(sums: Float64Array, at: number, scale: number, decimal: number): number {
  const [digits = "0", exponent = "0"] = decimal.toExponential().split("e");
  const [whole = "0", fraction = ""] = digits.split(".");
  const product = exactToBigInt(sums, at) * BigInt(whole + fraction);
  return Number(`${product}e${Number(exponent) - fraction.length - scale}`);
}

/** The double nearest to value / 10^scale, for a safe integer: one correctly rounded division. */
export function scaledToNumber(value: number, scale: number): number {
  return scale < POWERS.length ? value / (POWERS[scale] as number) : Number(`${value}e-${scale}`);
}

/** Rounds a derived value to 12 significant digits, half away from zero. */
export function roundDerived(value: number): number {
  return Number(value.toPrecision(12));
}
