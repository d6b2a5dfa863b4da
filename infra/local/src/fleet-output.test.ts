import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PUBLIC_SUBJECTS } from "@tickfleet/contracts/generate-permissions";
import { expect, test } from "vitest";
import type { FleetAddress } from "./fleet-events.ts";
import { welcome } from "./fleet-output.ts";
import { defaultDataDir, projectRoot } from "./folders.ts";

const address: FleetAddress = {
  event: "ready",
  api: "http://127.0.0.1:8099",
  nats: "nats://127.0.0.1:42199",
  database: "postgres://127.0.0.1:54399/tickfleet",
  opsPorts: {},
  pids: {},
  data: "/data",
  pid: 1,
};

/** The lines to try that begin so, behind their variables. */
function tried(program: string, told = welcome(address)): string[] {
  const [, lines = ""] = told.split("Try, in another terminal:\n");
  return lines
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.replace(/^[A-Z_]+=\S+ /, "").startsWith(`${program} `));
}

test("a line to try for the command line, HTTP, the nats command, Python and Go", () => {
  expect(tried("npx tickfleet subscribe")).toHaveLength(1);
  expect(tried("curl")).toHaveLength(1);
  for (const program of ["nats sub", "python3", "go run"]) expect([program, tried(program).length]).toEqual([program, 1]);
  expect(tried("curl", welcome({ ...address, api: null }))).toEqual([]);
});

test("the lines carry the ports that the fleet took", () => {
  expect(tried("curl")[0]).toContain("'http://127.0.0.1:8099/api/v1/");
  expect(tried("nats sub")[0]).toContain("--server nats://127.0.0.1:42199 ");
  for (const program of ["python3", "go run"]) expect(tried(program)[0]).toMatch(/^NATS_URL=nats:\/\/127\.0\.0\.1:42199 /);
});

test("lines for the command line name the folder of a fleet that is not where they look by themselves", () => {
  for (const program of ["npx tickfleet status", "npx tickfleet subscribe"]) {
    const [line] = `${welcome({ ...address, data: "/my data's" })}`.split("\n").filter((each) => each.trim().startsWith(program));
    expect(line).toMatch(/ --data '\/my data'\\''s'$/);
    expect(welcome({ ...address, data: defaultDataDir })).toMatch(new RegExp(`^  ${program}( 'candle:\\*:\\*:1m')?$`, "m"));
  }
});

test("what they name is there: subjects that are for users, examples that read NATS_URL", () => {
  const subject = /'(.*)'/.exec(tried("nats sub")[0] ?? "")?.[1];
  expect(PUBLIC_SUBJECTS.some((pattern) => subject?.startsWith(pattern.slice(0, -1)))).toBe(true);
  const python = /python3 (\S+)/.exec(tried("python3")[0] ?? "")?.[1] ?? "";
  const go = /-C (\S+) \./.exec(tried("go run")[0] ?? "")?.[1] ?? "";
  for (const path of [python, `${go}/main.go`, `${go}/go.mod`]) expect([path, existsSync(join(projectRoot, path))]).toEqual([path, true]);
  for (const path of [python, `${go}/main.go`]) expect(readFileSync(join(projectRoot, path), "utf8")).toContain('"NATS_URL"');
});
