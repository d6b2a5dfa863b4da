import { expect, test } from "vitest";
import { isPrintable, isStorable, toStorable } from "./printable.ts";

test.each([
  ["BTC-USDT", true, true],
  ["", true, true],
  ["Тикер 株 🚀", true, true],
  ["a\nb", false, true],
  ["a\u007fb", false, true],
  ["a\u0085b", false, true],
  ["AB\u0000C", false, false],
  ["\ud83d", false, false],
  ["x\ude80\ud83d", false, false],
])("%j: a name %s, a text %s", (text, name, storable) => {
  expect([isPrintable(text), isStorable(text)]).toEqual([name, storable]);
});

test("what cannot be stored is replaced, all of it and nothing else", () => {
  expect(toStorable("a\u0000b\u0000\ud83d c🚀\n")).toBe("a\ufffdb\ufffd\ufffd c🚀\n");
  expect(toStorable("as it is\t")).toBe("as it is\t");
});
