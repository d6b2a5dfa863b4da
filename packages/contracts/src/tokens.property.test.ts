import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classOf, filterOf, parametersOf, partitionInSubject, subjectOf } from "./message.ts";
import { liveTemplate, messages } from "./registry.ts";
import { decodeToken, encodeToken, PARTITIONS, partitionOf } from "./tokens.ts";

const text = fc.string({ unit: "binary", minLength: 1, maxLength: 40 });
const tokenLike = fc.oneof(
  text,
  fc.string({ unit: fc.constantFrom("_", "2", "F", "f", "A", ".", "*", ">", " ", "-", "é"), minLength: 1, maxLength: 12 }),
);

describe("tokens", () => {
  test("every text comes back from its token", () => {
    fc.assert(
      fc.property(tokenLike, (value) => {
        expect(decodeToken(encodeToken(value))).toBe(value);
      }),
    );
  });

  test("every token is safe in a subject", () => {
    fc.assert(
      fc.property(tokenLike, (value) => {
        expect(encodeToken(value)).toMatch(/^[A-Za-z0-9_-]+$/);
      }),
    );
  });

  test("different texts have different tokens", () => {
    fc.assert(
      fc.property(tokenLike, tokenLike, (a, b) => {
        expect(encodeToken(a) === encodeToken(b)).toBe(a === b);
      }),
    );
  });

  test("a token that decodes is the one form of its text", () => {
    fc.assert(
      fc.property(tokenLike, (token) => {
        let decoded: string;
        try {
          decoded = decodeToken(token);
        } catch {
          return;
        }
        expect(encodeToken(decoded)).toBe(token);
      }),
    );
  });

  test.each([
    ["BTC/USDT", "BTC_2FUSDT"],
    ["BRK.B", "BRK_2EB"],
    ["BTC-USDT-PERP", "BTC-USDT-PERP"],
    ["a_b", "a_5Fb"],
    ["é", "_C3_A9"],
  ])("%s is %s", (value, token) => {
    expect(encodeToken(value)).toBe(token);
  });

  test.each(["", "a.b", "_2", "_2f", "_41", "_FF", "a b"])("%j is no token", (token) => {
    expect(() => decodeToken(token)).toThrow();
  });

  test("nothing has no token", () => {
    expect(() => encodeToken("")).toThrow(RangeError);
  });
});

describe("partitions", () => {
  // These never change: every stored subject holds them.
  test.each([
    ["binance", "BTC-USDT", 1],
    ["binance", "ETH-USDT", 5],
    ["binance-usdm", "BTC-USDT-PERP", 3],
    ["lean", "SPY", 7],
    ["demo", "é", 14],
  ])("%s %s is in %i", (venue, instrument, partition) => {
    expect(partitionOf(venue, instrument)).toBe(partition);
  });

  test("each is a whole number below the fixed count", () => {
    expect(PARTITIONS).toBe(16);
    fc.assert(
      fc.property(text, text, (venue, instrument) => {
        const partition = partitionOf(venue, instrument);
        expect(Number.isInteger(partition) && partition >= 0 && partition < PARTITIONS).toBe(true);
      }),
    );
  });

  test("venue and instrument are told apart where they meet", () => {
    const together = Array.from({ length: 64 }, (_, i) => [`v${i}`, "1x"] as const);
    expect(together.some(([venue, instrument]) => partitionOf(venue, instrument) !== partitionOf(`${venue}1`, "x"))).toBe(true);
  });
});

describe.each(messages.map((definition) => [definition.name, definition] as const))("subjects of %s", (_, definition) => {
  const names = [...definition.template.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string).filter((name) => name !== "p");
  const parameters = fc.record(Object.fromEntries(names.map((name) => [name, tokenLike])));

  test("parameters come back, with the partition", () => {
    fc.assert(
      fc.property(parameters, (given) => {
        const subject = subjectOf(definition, given);
        const found = parametersOf(definition, subject);
        const partition = definition.template.includes("{p}")
          ? { p: String(partitionOf(given["venue"] ?? "", given["instrument"] ?? "")) }
          : {};
        expect(found).toEqual({ ...given, ...partition });
        expect(subject.split(".")).toHaveLength(definition.template.split(".").length);
      }),
    );
  });

  test("no other message's subject is taken for one", () => {
    fc.assert(
      fc.property(parameters, (given) => {
        const subject = subjectOf(definition, given);
        expect(messages.filter((other) => parametersOf(other, subject) !== null)).toEqual([definition]);
      }),
    );
  });

  test("the filter with all parameters is the subject, with none it matches every one", () => {
    fc.assert(
      fc.property(parameters, (given) => {
        const subject = subjectOf(definition, given);
        expect(filterOf(definition, given)).toBe(subject);
        const tokens = subject.split(".");
        const matches = filterOf(definition)
          .split(".")
          .every((token, i) => token === "*" || token === tokens[i]);
        expect(matches).toBe(true);
      }),
    );
  });

  test.skipIf(names.length === 0)("a missing parameter is refused by name", () => {
    expect(() => subjectOf(definition, {})).toThrow(new RegExp(`${definition.name} needs \\{\\w+\\}`));
  });

  test("users see it without the partition", () => {
    const live = liveTemplate(definition);
    if (live === null) return;
    expect(live).toMatch(/^live\.v1\.[\w-]+\.\{(venue|provider)\}/);
    expect(live.split(".")).toHaveLength(definition.template.split(".").length - 1);
  });
});

test("class and partition are read from a stored subject", () => {
  const [trade, clock] = messages;
  const subject = subjectOf(trade as (typeof messages)[number], { venue: "binance", instrument: "BTC-USDT" });
  expect(classOf(subject)).toBe("trade");
  expect(partitionInSubject(subject)).toBe(partitionOf("binance", "BTC-USDT"));
  expect(partitionInSubject(subjectOf(clock as (typeof messages)[number], { venue: "binance", connection: "spot-1" }))).toBe("all");
});
