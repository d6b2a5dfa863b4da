/** 2^27 + 1: splits a double into two halves whose products are exact. */
const SPLITTER = 134_217_729;

/**
 * A sum kept in two doubles, `hi` the nearest to it and `lo` the rest. Every step is an error-free
 * transformation, so the sum is exact as long as it fits into two doubles (about 106 bits): true of
 * prices, volumes and their products within any usual range, whatever was added and taken away again.
 * An exact sum does not depend on what passed through it, so the values of windows do not either.
 *
 * TwoSum: D. E. Knuth, The Art of Computer Programming 2, 4.2.2. TwoProduct: T. J. Dekker, A
 * floating-point technique for extending the available precision, Numerische Mathematik 18 (1971).
 */
export class PairSum {
  hi = 0;
  lo = 0;

  clear(): void {
    this.hi = 0;
    this.lo = 0;
  }

  copy(other: PairSum): void {
    this.hi = other.hi;
    this.lo = other.lo;
  }

  /** The sum divided by a count, right to the last bit but for ties; of equal numbers it is their value. */
  mean(count: number): number {
    const quotient = this.hi / count;
    const product = quotient * count;
    const rest = this.hi - product - productError(quotient, count, product) + this.lo;
    return quotient + rest / count;
  }

  add(x: number): void {
    const a = this.hi;
    const sum = a + x;
    const part = sum - a;
    const rest = this.lo + (a - (sum - part) + (x - part));
    const hi = sum + rest;
    const taken = hi - sum;
    this.hi = hi;
    this.lo = sum - (hi - taken) + (rest - taken);
  }

  addPair(other: PairSum): void {
    this.add(other.hi);
    if (other.lo !== 0) this.add(other.lo);
  }

  subtractPair(other: PairSum): void {
    this.add(-other.hi);
    if (other.lo !== 0) this.add(-other.lo);
  }

  /** Adds x * y, unrounded. */
  addProduct(x: number, y: number): void {
    const product = x * y;
    const error = productError(x, y, product);
    this.add(product);
    if (error !== 0) this.add(error);
  }

  /** Adds other * factor. */
  addMultiple(other: PairSum, factor: number): void {
    this.addProduct(other.hi, factor);
    if (other.lo !== 0) this.addProduct(other.lo, factor);
  }

  /** Takes the square of another sum away. */
  subtractSquare(other: PairSum): void {
    this.addProduct(-other.hi, other.hi);
    if (other.lo !== 0) {
      this.addProduct(-2 * other.hi, other.lo);
      this.add(-other.lo * other.lo);
    }
  }
}

/** What rounding took from x * y: exactly x * y - product. */
function productError(x: number, y: number, product: number): number {
  const xBig = SPLITTER * x;
  const xHigh = xBig - (xBig - x);
  const xLow = x - xHigh;
  const yBig = SPLITTER * y;
  const yHigh = yBig - (yBig - y);
  const yLow = y - yHigh;
  return xLow * yLow - (product - xHigh * yHigh - xLow * yHigh - xHigh * yLow);
}
