import { describe, expect, test } from "vitest";
import { parseLongTests } from "./long-tests.ts";

describe("options of the long tests", () => {
  test("without a name all groups run, once, each test with its own seed", () => {
    expect(parseLongTests([])).toEqual({
      filters: [
        "test/chaos",
        "test/fleet",
        "property.test",
        "packages/market/test",
        "infra/checks/test",
        "test/service.test",
        "services/ingest/test",
        "services/aggregator/test",
        "services/indicator/test",
        "services/pattern-detector/test",
        "infra/local/test",
        "packages/cli/test",
      ],
      options: [],
      seed: null,
      forMs: 0,
      help: false,
    });
  });

  test("names are groups or words of a path, the rest is vitest's", () => {
    const { filters, options, seed, forMs } = parseLongTests([
      "fuzz",
      "spy-crash",
      "--seed",
      "41",
      "--for",
      "1.5m",
      "--bail=1",
      "-t",
      "of 1000",
    ]);
    expect(filters).toEqual(["property.test", "spy-crash"]);
    expect(options).toEqual(["--bail=1", "-t", "of 1000"]);
    expect([seed, forMs]).toEqual([41, 90_000]);
  });

  test.each([
    [["--for"], /--for: expected a duration such as 90s, 30m or 4h, found "nothing"/],
    [["--for", "10"], /found "10"/],
    [["--seed", "x"], /--seed: expected a whole number, found "x"/],
    [["--seed"], /found "nothing"/],
  ])("%j is refused", (args, message) => {
    expect(() => parseLongTests(args)).toThrow(message);
  });
});
