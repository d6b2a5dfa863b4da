import fc from "fast-check";
import { expect, test } from "vitest";
import { PairSum } from "./pair-sum.ts";

/** Cents and satoshis as doubles: what is added is the double, so the exact sum is one of fractions of 2^k. */
const prices = fc.array(
  fc.integer({ min: -1e9, max: 1e9 }).map((cents) => cents / 100),
  { minLength: 1, maxLength: 80 },
);

/** A double times 2^120, exactly: none of ours has a bit below. */
function exactly(x: number): bigint {
  let exponent = 0;
  let mantissa = x;
  while (!Number.isSafeInteger(mantissa)) {
    mantissa *= 2;
    exponent++;
  }
  return BigInt(mantissa) << BigInt(120 - exponent);
}

const exactValue = (sum: PairSum): bigint => exactly(sum.hi) + exactly(sum.lo);

test("a sum of prices is exact, and what is taken away leaves no trace", () => {
  fc.assert(
    fc.property(prices, prices, (kept, passing) => {
      const sum = new PairSum();
      for (const price of passing) sum.add(price);
      for (const price of kept) sum.add(price);
      for (const price of passing) sum.add(-price);
      expect(exactValue(sum)).toBe(kept.reduce((total, price) => total + exactly(price), 0n));
      expect(sum.hi + sum.lo).toBe(sum.hi);
    }),
  );
});

test("a product of two doubles is added unrounded", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: -1e7, max: 1e7 }), (a, b) => {
      const [x, y] = [a / 100, b / 1_000];
      const sum = new PairSum();
      sum.addProduct(x, y);
      expect(exactValue(sum) << 120n).toBe(exactly(x) * exactly(y));
    }),
  );
});

test("the mean of equal numbers is their value", () => {
  fc.assert(
    fc.property(fc.double({ min: -1e12, max: 1e12, noNaN: true }), fc.integer({ min: 1, max: 300 }), (x, count) => {
      const sum = new PairSum();
      for (let i = 0; i < count; i++) sum.add(x);
      expect(sum.mean(count) + 0).toBe(x + 0);
    }),
  );
});
