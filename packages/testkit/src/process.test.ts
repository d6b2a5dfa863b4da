import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "@tickfleet/local/folders";
import { expect, test } from "vitest";
import { isForeign } from "./process.ts";

const services = readdirSync(join(projectRoot, "services")).map((name) => join("services", name));

test.each([...services, join("packages", "runtime")])("a service under test takes no variable of %s from who tests it", (folder) => {
  const text = readFileSync(join(projectRoot, folder, "src/config.ts"), "utf8");
  const variables = [...text.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(([, variable]) => variable as string);
  expect(variables.length).toBeGreaterThan(2);
  // how much is logged is for the tester to say
  expect(variables.filter((variable) => variable !== "LOG_LEVEL" && !isForeign(variable))).toEqual([]);
});
