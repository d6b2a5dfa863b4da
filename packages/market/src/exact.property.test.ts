import fc from "fast-check";
import { expect, test } from "vitest";
import {
  addExact,
  addInteger,
  addProduct,
  compareExact,
  copyExact,
  exactToBigInt,
  exactToNumber,
  isZero,
  multiplyByPowerOfTen,
  roundDerived,
  scaledToNumber,
  setBigInt,
  subtractExact,
} from "./exact.ts";

const BASE = 2n ** 52n;
const safe = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -5_000, max: 5_000 }),
  fc.constantFrom(2 ** 52, -(2 ** 52), 2 ** 52 - 1, 2 ** 53 - 1, 1 - 2 ** 53),
);
const wide = fc.bigInt({ min: -(2n ** 103n), max: 2n ** 103n });
const factor = fc.oneof(fc.integer({ min: -(2 ** 51), max: 2 ** 51 }), fc.integer({ min: -900, max: 900 }));

function sumsOf(value: bigint): Float64Array {
  const sums = new Float64Array(4);
  setBigInt(sums, 1, value);
  return sums;
}

function expectValue(sums: Float64Array, value: bigint): void {
  expect(exactToBigInt(sums, 1)).toBe(value);
  const lo = BigInt(sums[2] as number);
  expect(lo >= 0n && lo < BASE).toBe(true);
  expect(Object.is(sums[1], -0) || Object.is(sums[2], -0)).toBe(false);
  expect([sums[0], sums[3]]).toEqual([0, 0]);
}

test("sums of integers are those of BigInt", () => {
  fc.assert(
    fc.property(wide, fc.array(safe, { maxLength: 30 }), (start, values) => {
      const sums = sumsOf(start);
      for (const value of values) addInteger(sums, 1, value);
      expectValue(
        sums,
        values.reduce((total, value) => total + BigInt(value), start),
      );
    }),
  );
});

test("sums of products are those of BigInt, whatever the signs and the order", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(factor, factor), { maxLength: 4 }), (pairs) => {
      const sums = new Float64Array(4);
      for (const [a, b] of pairs) addProduct(sums, 1, a, b);
      const back = new Float64Array(4);
      for (const [a, b] of [...pairs].reverse()) addProduct(back, 1, b, a);
      expectValue(
        sums,
        pairs.reduce((total, [a, b]) => total + BigInt(a) * BigInt(b), 0n),
      );
      expect(back).toEqual(sums);
    }),
  );
});

test("a product just at the width of a limb is exact", () => {
  for (const [a, b] of [
    [2 ** 26, 2 ** 26],
    [2 ** 26 + 1, 2 ** 26 - 1],
    [-(2 ** 26), 2 ** 26],
    [2 ** 51 - 1, -(2 ** 51) + 1],
    [94_906_267, 94_906_267],
  ] as const) {
    const sums = new Float64Array(4);
    addProduct(sums, 1, a, b);
    expectValue(sums, BigInt(a) * BigInt(b));
  }
});

test("values add, subtract, compare and copy as BigInt does", () => {
  fc.assert(
    fc.property(wide, wide, (a, b) => {
      const other = sumsOf(b);
      const sum = sumsOf(a);
      addExact(sum, 1, other, 1);
      expectValue(sum, a + b);
      subtractExact(sum, 1, other, 1);
      expectValue(sum, a);
      expect(Math.sign(compareExact(sum, 1, other, 1))).toBe(a < b ? -1 : a > b ? 1 : 0);
      expect(isZero(sum, 1)).toBe(a === 0n);
      copyExact(sum, 1, other, 1);
      expectValue(sum, b);
    }),
  );
});

test("neighbours compare by their low limb alone", () => {
  for (const value of [0n, -1n, BASE, -BASE, 2n ** 100n]) {
    expect(compareExact(sumsOf(value), 1, sumsOf(value + 1n), 1)).toBeLessThan(0);
    expect(compareExact(sumsOf(value + 1n), 1, sumsOf(value), 1)).toBeGreaterThan(0);
    expect(compareExact(sumsOf(value), 1, sumsOf(value), 1)).toBe(0);
  }
});

test("finer scales multiply exactly", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.integer({ min: 0, max: 9 }), (value, digits) => {
      const sums = sumsOf(value);
      multiplyByPowerOfTen(sums, 1, digits);
      expectValue(sums, value * 10n ** BigInt(digits));
    }),
  );
});

test("a value is served as the nearest double, and reads back", () => {
  fc.assert(
    fc.property(fc.oneof(wide, safe.map(BigInt)), fc.integer({ min: 0, max: 24 }), (value, scale) => {
      expect(exactToNumber(sumsOf(value), 1, scale)).toBe(Number(`${value}e-${scale}`));
    }),
  );
  expect(scaledToNumber(123_456, 2)).toBe(1234.56);
  expect(scaledToNumber(7, 24)).toBe(7e-24);
  expect(exactToNumber(sumsOf(43_791_552n), 1, 5)).toBe(437.91552);
});

test("a derived value has 12 significant digits", () => {
  expect(roundDerived(1 / 3)).toBe(0.333333333333);
  expect(roundDerived(-2 / 3)).toBe(-0.666666666667);
  expect(roundDerived(0.5)).toBe(0.5);
  expect(roundDerived(1_000_000_000_001.5)).toBe(1_000_000_000_000);
});
