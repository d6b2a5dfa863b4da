// biome-ignore-all lint/suspicious/noTemplateCurlyInString: compose files are written so
import { expect, test } from "vitest";
import { interpolate, MissingVariableError, parseCompose, parseEnvFile, variablesOf } from "./compose-file.ts";

const variables = { SET: "value", EMPTY: "" };

test.each([
  ["$SET and ${SET}", "value and value"],
  ["${UNSET}", ""],
  ["${UNSET:-other}:${EMPTY:-other}:${EMPTY-other}:${SET:-other}", "other:other::value"],
  ["${SET:+there}:${EMPTY:+there}:${EMPTY+there}:${UNSET+there}", "there::there:"],
  ["${UNSET:-${EMPTY:-${SET}}}", "value"],
  ["${UNSET:-${SET:+demo}}", "demo"],
  ["${SET:?needed}", "value"],
  ["$$SET costs 5$", "$SET costs 5$"],
])("%s is %s", (text, expected) => {
  expect(interpolate(text, variables)).toBe(expected);
});

test.each(["${UNSET:?needed}", "${EMPTY:?needed}", "${UNSET?needed}", "${UNSET:-${EMPTY:?needed}}"])("%s is refused", (text) => {
  expect(() => interpolate(text, variables)).toThrow(MissingVariableError);
});

test.each(["${SET/a/b}", "${", "${1}"])("%s is no expression", (text) => {
  expect(() => interpolate(text, variables)).toThrow(SyntaxError);
});

test("anchors are merged, variables found wherever they stand", () => {
  const text =
    'x-a: &a { image: "i:${TAG:-1}", restart: always }\nservices:\n  one:\n    <<: *a\n    restart: ${HOW:-${ELSE:+no}}\n    user: ${WHO:?say}\n';
  expect(parseCompose(text, { WHO: "me" }).services["one"]).toEqual({ image: "i:1", restart: "", user: "me" });
  expect(variablesOf(text)).toEqual(["ELSE", "HOW", "TAG", "WHO"]);
});

test("an env file has comments behind values and none in them", () => {
  expect(parseEnvFile("# a\nA=1   # one\n#B=2\nC=\nD=a#b\nE=   # none\n")).toEqual({ A: "1", C: "", D: "a#b", E: "" });
});
