import { parseArgs } from "node:util";
import { expect, test } from "vitest";
import { describeOptionFault } from "./option-fault.ts";

const options = { port: { type: "string", short: "p" }, json: { type: "boolean" } } as const;

test.each([
  [["--bogus"], "there is no option --bogus"],
  [["--bogus=1"], "there is no option --bogus"],
  [["-x"], "there is no option -x"],
  [["word"], 'expected options only, found "word"'],
  [["it's a. word"], 'expected options only, found "it\'s a. word"'],
  [["--port"], "--port needs a value"],
  [["--port", "--json"], "--port needs a value"],
  [["--json=yes"], "--json takes no value"],
])("%j: %s", (args, words) => {
  let text = "";
  try {
    parseArgs({ args, options });
  } catch (error) {
    text = describeOptionFault(error);
  }
  expect(text).toBe(words);
});
