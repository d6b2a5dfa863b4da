import { parseLongTests } from "@tickfleet/local/long-tests";
import { expect, test } from "vitest";
import { sourceFiles } from "./repository.ts";

const HAS_LONG_FORM = /from "[^"]*\/long-form(\.ts)?"/;

test("npm run test:long runs every test that has a long form", () => {
  const { filters } = parseLongTests([]);
  const long = sourceFiles().flatMap(({ path, text }) => (HAS_LONG_FORM.test(text) ? [path] : []));
  expect(long).toContain("test/chaos/spy-crash.test.ts");
  expect(long.filter((path) => !filters.some((filter) => path.includes(filter)))).toEqual([]);
});
