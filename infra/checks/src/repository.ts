import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** One fault that a check found. */
export interface Violation {
  path: string;
  /** 1-based; 0 where it is the whole file or folder. */
  line: number;
  what: string;
}

/** A file of the repository; the path is relative to its root, with `/`. */
export interface TextFile {
  path: string;
  text: string;
}

export const REPOSITORY_ROOT = join(import.meta.dirname, "../../..");

const SKIPPED = new Set(["node_modules", "generated", "fixtures", "coverage"]);
const SOURCES = ["packages", "services", "infra", "test"];

/** Every TypeScript and JavaScript file that we write. */
export function sourceFiles(root = REPOSITORY_ROOT): TextFile[] {
  return SOURCES.flatMap((folder) => walk(join(root, folder)))
    .filter((path) => /\.(ts|tsx|mts|mjs|js)$/.test(path))
    .map((path) => textFile(root, path));
}

/** Every package.json of the workspace, the root's left out. */
export function packageFiles(root = REPOSITORY_ROOT): TextFile[] {
  return workspaceFolders(root).map((folder) => textFile(root, join(root, folder, "package.json")));
}

/** Folders of the workspace's packages, such as `services/ingest`. */
export function workspaceFolders(root = REPOSITORY_ROOT): string[] {
  return ["packages", "services", "infra"]
    .flatMap((group) => folders(join(root, group)).map((name) => `${group}/${name}`))
    .filter((folder) => existsSync(join(root, folder, "package.json")));
}

function folders(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

function walk(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : [path];
  });
}

function textFile(root: string, path: string): TextFile {
  return { path: relative(root, path).replaceAll("\\", "/"), text: readFileSync(path, "utf8") };
}

/** Tests, their helpers and benchmarks: they may know more than what they test. */
export function isTest(path: string): boolean {
  return /\.(test|bench)\.ts$/.test(path) || /(^|\/)(test|bench)\//.test(path) || path.startsWith("packages/testkit/");
}
