import { INSTRUMENT_NAME_RULE, VENUE_NAME_RULE } from "@tickfleet/market/market-names";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runCommandLine } from "./command-line.ts";

let told = "";

beforeEach(() => {
  told = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    told += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

test.each([
  ["status extra", 'expected options only, found "extra"'],
  ["status --bogus", "there is no option --bogus"],
  ["latency extra", 'expected options only, found "extra"'],
  ["provision extra", 'expected options only, found "extra"'],
  ["migrate status ingest extra", "expected one service, found ingest, extra"],
  ["dlq list 5", "list: expected options only, found 5"],
  ["subscribe candle:*:*:1m --count", "--count needs a value"],
  ["replay file --speed fast", '--speed: expected max or a multiple of real time such as 10x, found "fast"'],
  ["replay file --venue=", `--venue: ${VENUE_NAME_RULE}, found ""`],
  ["replay file --venue a*", `--venue: ${VENUE_NAME_RULE}, found "a*"`],
  ["replay file --instrument a:b", `--instrument: ${INSTRUMENT_NAME_RULE}, found "a:b"`],
  ["up extra", 'expected options only, found "extra"'],
  ["up --nope", "there is no option --nope"],
  ["up --port abc", '--port: expected a number from 0 to 65535, found "abc"'],
])("%s is refused in one line, and the help is named", async (line, fault) => {
  const [name = "", ...args] = line.split(" ");
  expect(await runCommandLine([name, ...args])).toBe(64);
  expect(told).toBe(`tickfleet ${name}: ${fault}\n\`tickfleet ${name} --help\` shows the usage\n`);
});
