import type { TextFile, Violation } from "./repository.ts";
import type { ParsedFile, SyntaxNode } from "./syntax.ts";

const BANNED = new Set(["util", "utils", "utility", "utilities", "helper", "helpers", "common", "lib", "manager", "base", "misc"]);
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.property)?(\.(test|bench|config))?\.(ts|tsx|mts|mjs|js)$/;
const MIGRATION = /^\d{8}T\d{4}-[a-z0-9-]+\.ts$/;

/** File and folder names that are no kebab-case nouns, or say nothing. */
export function badNames(files: readonly TextFile[]): Violation[] {
  return files.flatMap(({ path }) => {
    const segments = path.split("/");
    const name = segments.at(-1) as string;
    const isMigration = segments.includes("migrations");
    if (!(isMigration ? MIGRATION : KEBAB).test(name)) {
      return [{ path, line: 0, what: isMigration ? "a migration is named YYYYMMDDTHHMM-what-it-does.ts" : "not a kebab-case name" }];
    }
    const words = segments.flatMap((segment) => segment.split(/[-.]/));
    const banned = words.find((word) => BANNED.has(word));
    return banned === undefined ? [] : [{ path, line: 0, what: `"${banned}" says nothing: name what is in it` }];
  });
}

/** Files that only pass on what others export. */
export function barrels(files: readonly ParsedFile[]): Violation[] {
  return files.flatMap((file) => {
    if (/(^|\/)index\.(ts|mts|mjs|js)$/.test(file.path)) return [{ path: file.path, line: 0, what: "an index file is a barrel" }];
    const body = file.program["body"] as SyntaxNode[];
    return body
      .filter((node) => node.type === "ExportAllDeclaration")
      .map((node) => ({ path: file.path, line: file.lineAt(node.start), what: "export * is a barrel: import from where it is" }));
  });
}
