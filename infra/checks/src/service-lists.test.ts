import { SERVICE_NAMES } from "@tickfleet/contracts/message";
import { startHelp } from "@tickfleet/local/start-options";
import { expect, test } from "vitest";
import { repositoryText } from "./fleet-files.ts";
import { sourceFiles } from "./repository.ts";

/** Lists in brackets, without those that hold others. */
const LIST = /\[[^[\]]*\]/g;

/** Files with a list that leaves one service out and means it: the path, a space and that service, with the reason. */
const MEANT: ReadonlyMap<string, string> = new Map();

test("who lists all services but one has forgotten it", () => {
  const short = sourceFiles().flatMap(({ path, text }) =>
    [...text.matchAll(LIST)].flatMap(({ 0: list, index }) => {
      const missing = SERVICE_NAMES.filter((name) => !list.includes(`"${name}"`));
      return missing.length === 1 ? [{ file: `${path} ${missing[0]}`, line: text.slice(0, index).split("\n").length }] : [];
    }),
  );
  expect(short.filter(({ file }) => !MEANT.has(file))).toEqual([]);
  expect([...MEANT.keys()].filter((meant) => !short.some(({ file }) => file === meant))).toEqual([]);
});

test.each(["README.md", "docs/ARCHITECTURE.md"])("%s has a row for every service", (path) => {
  const rows = repositoryText(path)
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split("|")[1] as string);
  expect(SERVICE_NAMES.filter((name) => !rows.some((cell) => cell.includes(`services/${name}`)))).toEqual([]);
});

test("the help of npm start names the ops ports of all services", () => {
  expect(startHelp).toContain(`9101 to ${9100 + SERVICE_NAMES.length} (ops)`);
});
