import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sourceFiles, workspaceFolders } from "./repository.ts";
import { parseFile } from "./syntax.ts";
import { manifestFaults, missingServiceFiles, README_HEADINGS, readme, readmeFaults, SERVICE_FILES } from "./workspace.ts";

const manifest = {
  name: "@tickfleet/market",
  version: "0.1.0",
  private: true,
  license: "Apache-2.0",
  type: "module",
  exports: { "./*": "./src/*.ts", "./internal/*": null },
  dependencies: { "@tickfleet/contracts": "workspace:*", zod: "catalog:" },
};
const faults = (changed: object) =>
  manifestFaults({ path: "packages/market/package.json", text: JSON.stringify({ ...manifest, ...changed }) });

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tickfleet-checks-"));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function write(path: string, text = ""): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe("services", () => {
  test("a whole one lacks nothing", () => {
    for (const name of SERVICE_FILES) write(`services/ingest/${name === "migrations" ? "migrations/20261120T0900-create.ts" : name}`);
    expect(missingServiceFiles("ingest", root)).toEqual([]);
  });

  test.each(SERVICE_FILES)("one without %s is told so", (missing) => {
    for (const name of SERVICE_FILES.filter((candidate) => candidate !== missing)) {
      write(`services/ingest/${name === "migrations" ? "migrations/20261120T0900-create.ts" : name}`);
    }
    if (missing === "migrations") mkdirSync(join(root, "services/ingest/migrations"));
    expect(missingServiceFiles("ingest", root).map((violation) => violation.path)).toEqual([`services/ingest/${missing}`]);
  });

  const text = (headings: readonly string[]) => `# ingest\n\n${headings.map((heading) => `## ${heading}\n\nText.\n`).join("\n")}`;
  const readmeOf = (content: string) => readmeFaults({ path: "services/ingest/README.md", text: content });

  test("the README has the five headings in order, on one screen", () => {
    expect(readmeOf(text(README_HEADINGS))).toEqual([]);
    expect(readmeOf(text([...README_HEADINGS, "Variables"]))).toEqual([]);
    expect(readmeOf(text(README_HEADINGS.slice(1)))).toHaveLength(1);
    expect(readmeOf(text(README_HEADINGS.toReversed()))).toHaveLength(1);
    expect(readmeOf(text(README_HEADINGS) + "more\n".repeat(60))).toHaveLength(1);
    expect(readmeFaults(readme("nowhere", root))).toHaveLength(1);
  });
});

describe("package.json", () => {
  test("of the common shape passes", () => {
    expect(faults({})).toEqual([]);
  });

  test.each<[string, object]>([
    ["another name", { name: "@tickfleet/candles" }],
    ["public", { private: false }],
    ["another licence", { license: "MIT" }],
    ["CommonJS", { type: "commonjs" }],
    ["a barrel in exports", { exports: { ".": "./src/index.ts" } }],
    ["an extra entry in exports", { exports: { ...manifest.exports, ".": "./src/market.ts" } }],
    ["open internals", { exports: { "./*": "./src/*.ts" } }],
    ["no exports", { exports: undefined }],
    ["a version outside the catalog", { dependencies: { zod: "^4.0.0" } }],
    ["a package of ours by version", { dependencies: { "@tickfleet/contracts": "0.1.0" } }],
    ["a development version outside the catalog", { devDependencies: { vitest: "5.1.1" } }],
  ])("with %s is refused", (_, changed) => {
    expect(faults(changed)).toHaveLength(1);
  });
});

describe("what the checks read", () => {
  test("sources of every group, without what is generated, installed or hidden", () => {
    for (const path of ["packages/a/src/x.ts", "services/b/test/y.test.ts", "infra/c/z.mjs", "test/chaos/w.ts"]) write(path);
    for (const path of ["packages/a/node_modules/q.ts", "packages/a/generated/q.ts", "packages/a/.cache/q.ts", "packages/a/readme.md"])
      write(path);
    expect(sourceFiles(root).map((file) => file.path)).toEqual([
      "packages/a/src/x.ts",
      "services/b/test/y.test.ts",
      "infra/c/z.mjs",
      "test/chaos/w.ts",
    ]);
  });

  test("packages are the folders with a package.json", () => {
    write("packages/a/package.json", "{}");
    write("infra/nats/nats-server.conf");
    expect(workspaceFolders(root)).toEqual(["packages/a"]);
  });

  test("a file that does not parse is an error", () => {
    expect(() => parseFile({ path: "packages/a/src/x.ts", text: "const = 1" })).toThrow(SyntaxError);
  });
});
