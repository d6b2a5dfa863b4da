import { expect, test } from "vitest";
import { longFiles, longFunctions } from "./size.ts";
import { parseFile } from "./syntax.ts";

const lines = (count: number, line = "x;") => `${line}\n`.repeat(count);
const found = (text: string, path = "packages/a/src/x.ts") =>
  longFunctions([parseFile({ path, text })]).map(({ line, what }) => [line, what]);

test("300 lines are a file, 301 are too many; a test may have 500", () => {
  const file = (path: string, count: number) => longFiles([{ path, text: lines(count) }]);
  expect(file("packages/a/src/x.ts", 300)).toEqual([]);
  expect(file("packages/a/src/x.ts", 301)).toEqual([{ path: "packages/a/src/x.ts", line: 0, what: "301 lines, at most 300" }]);
  expect(file("packages/a/src/x.test.ts", 500)).toEqual([]);
  expect(file("packages/a/test/x.ts", 501)).toHaveLength(1);
});

test("70 lines are a function, 71 are too many", () => {
  expect(found(`let x;\nfunction f() {\n${lines(68)}}\n`)).toEqual([]);
  expect(found(`let x;\nfunction f() {\n${lines(69)}}\n`)).toEqual([[2, "function of 71 lines, at most 70"]]);
  expect(found(`let x;\nconst f = () => {\n${lines(69)}};\n`)).toHaveLength(1);
  expect(found(`let x;\nclass A {\n  m() {\n${lines(69)}  }\n}\n`)).toHaveLength(1);
});

test("a function inside another counts for itself alone", () => {
  const inner = `function g() {\n${lines(60)}}\n`;
  expect(found(`let x;\nfunction f() {\n${inner}${inner}return g;\n}\n`)).toEqual([]);
  expect(found(`let x;\nfunction f() {\n${inner}${lines(70)}}\n`)).toHaveLength(1);
});

test("tests are lists and are left out", () => {
  expect(found(`let x;\nfunction f() {\n${lines(100)}}\n`, "packages/a/src/x.test.ts")).toEqual([]);
});
