import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDecimal, rescale } from "./decimal.ts";

describe("parseDecimal", () => {
  it("keeps every digit and trims zeros at the end", () => {
    expect(parseDecimal("61838.04000000")).toEqual({ value: 6183804, scale: 2 });
    expect(parseDecimal("0.00001000")).toEqual({ value: 1, scale: 5 });
    expect(parseDecimal("100")).toEqual({ value: 100, scale: 0 });
    expect(parseDecimal("-1.50")).toEqual({ value: -15, scale: 1 });
    expect(parseDecimal(".5")).toEqual({ value: 5, scale: 1 });
    expect(parseDecimal("-0.00")).toEqual({ value: 0, scale: 0 });
    expect(parseDecimal("99999999.00000000")).toEqual({ value: 99999999, scale: 0 });
  });

  it("understands exponents", () => {
    expect(parseDecimal("1e-7")).toEqual({ value: 1, scale: 7 });
    expect(parseDecimal("1.50E+3")).toEqual({ value: 1500, scale: 0 });
    expect(parseDecimal("-2.5e1")).toEqual({ value: -25, scale: 0 });
    expect(parseDecimal("0e5")).toEqual({ value: 0, scale: 0 });
  });

  it.each(["", ".", "-", "NaN", "Infinity", "1,5", "1.2.3", "0x10", " 1", "1 ", "1e", "1e1.5", "+1", "--1", "1e9999"])(
    "refuses %j",
    (text) => {
      expect(() => parseDecimal(text)).toThrow(InvalidMessageError);
    },
  );

  it("refuses digits beyond 2^53 and more than 18 decimals", () => {
    expect(parseDecimal("9007199254740991")).toEqual({ value: Number.MAX_SAFE_INTEGER, scale: 0 });
    for (const text of ["9007199254740992", "9007199254740993", "900719925474.09931", "1e16", "0.0000000000000000001"]) {
      expect(() => parseDecimal(text), text).toThrow(InvalidMessageError);
    }
  });

  it("is exact for every number that it accepts", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 18 }), (value, scale) => {
        const digits = String(Math.abs(value)).padStart(scale + 1, "0");
        const text = `${value < 0 ? "-" : ""}${digits.slice(0, digits.length - scale)}${scale > 0 ? `.${digits.slice(-scale)}` : ""}`;
        const parsed = parseDecimal(text);
        expect(BigInt(parsed.value) * 10n ** BigInt(scale - parsed.scale)).toBe(BigInt(value));
        if (parsed.scale > 0) expect(parsed.value % 10).not.toBe(0);
      }),
    );
  });
});

describe("rescale", () => {
  it("changes the unit and never the number", () => {
    expect(rescale({ value: 15, scale: 1 }, 4)).toBe(15_000);
    expect(rescale({ value: 15_000, scale: 4 }, 1)).toBe(15);
    expect(() => rescale({ value: 15, scale: 1 }, 0)).toThrow(InvalidMessageError);
    expect(() => rescale({ value: Number.MAX_SAFE_INTEGER, scale: 0 }, 1)).toThrow(InvalidMessageError);
  });
});
