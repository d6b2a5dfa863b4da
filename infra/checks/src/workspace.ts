import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY_ROOT, type TextFile, type Violation } from "./repository.ts";

/** What every service consists of, so that whoever knows one knows all. */
export const SERVICE_FILES: readonly string[] = [
  "README.md",
  "package.json",
  "src/main.ts",
  "src/config.ts",
  "src/service.ts",
  "src/store.ts",
  "migrations",
  "test/service.test.ts",
];

/** Headings of a service's README, in this order; it may have more. */
export const README_HEADINGS: readonly string[] = ["Consumes", "Produces", "Owns", "Fails how", "Run"];

/** Most lines of a service's README: one screen. */
export const README_LINES = 60;

/** Files that a service lacks; a folder must hold something. */
export function missingServiceFiles(service: string, root = REPOSITORY_ROOT): Violation[] {
  const folder = `services/${service}`;
  return SERVICE_FILES.filter((name) => !isThere(join(root, folder, name))).map((name) => ({
    path: `${folder}/${name}`,
    line: 0,
    what: "missing: every service has it",
  }));
}

/** Faults of a service's README. */
export function readmeFaults({ path, text }: TextFile): Violation[] {
  const headings = [...text.matchAll(/^##+ +(.+?) *$/gm)].map((match) => match[1] as string);
  const found = headings.filter((heading) => README_HEADINGS.includes(heading));
  const violations: Violation[] = [];
  if (found.join() !== README_HEADINGS.join()) {
    violations.push({
      path,
      line: 0,
      what: `headings ${README_HEADINGS.join(", ")} expected in this order, found ${headings.join(", ") || "none"}`,
    });
  }
  const lines = text.trimEnd().split("\n").length;
  if (lines > README_LINES) violations.push({ path, line: 0, what: `${lines} lines, at most ${README_LINES}: one screen` });
  return violations;
}

interface Manifest {
  name?: string;
  private?: boolean;
  license?: string;
  type?: string;
  exports?: unknown;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/** Faults of a package.json: name, exports without barrels or build, versions from the catalog. */
export function manifestFaults({ path, text }: TextFile): Violation[] {
  const manifest = JSON.parse(text) as Manifest;
  const folder = path.split("/").at(-2) as string;
  const expected: [boolean, string][] = [
    [manifest.name === `@tickfleet/${folder}`, `name is @tickfleet/${folder}`],
    [manifest.private === true, "private is true"],
    [manifest.license === "Apache-2.0", "license is Apache-2.0"],
    [manifest.type === "module", "type is module"],
    [exportsAreOpen(manifest.exports), 'exports is { "./*": "./src/*.ts", "./internal/*": null }'],
  ];
  const faults = expected.filter(([holds]) => !holds).map(([, what]) => what);
  const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies });
  for (const [name, version] of versions) {
    const wanted = name.startsWith("@tickfleet/") ? "workspace:*" : "catalog:";
    if (version !== wanted) faults.push(`${name} is ${wanted}, not ${version}`);
  }
  return faults.map((what) => ({ path, line: 0, what: `expected: ${what}` }));
}

function exportsAreOpen(exports: unknown): boolean {
  const map = exports as Record<string, unknown> | undefined;
  return map !== undefined && Object.keys(map).length === 2 && map["./*"] === "./src/*.ts" && map["./internal/*"] === null;
}

/** A README as the checks read it; empty where there is none. */
export function readme(service: string, root = REPOSITORY_ROOT): TextFile {
  const path = `services/${service}/README.md`;
  const full = join(root, path);
  return { path, text: existsSync(full) ? readFileSync(full, "utf8") : "" };
}

function isThere(path: string): boolean {
  if (!existsSync(path)) return false;
  return /\.\w+$/.test(path) || readdirSync(path).length > 0;
}
