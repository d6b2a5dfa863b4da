import { readdirSync } from "node:fs";
import { join, relative } from "node:path";

/** One stage of a Dockerfile: its instructions in order, comments and continued lines resolved. */
export interface DockerStage {
  name: string;
  instructions: { word: string; text: string }[];
}

/** The stages of a Dockerfile. */
export function parseDockerfile(text: string): DockerStage[] {
  const lines = text
    .replace(/\\\n/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const stages: DockerStage[] = [{ name: "", instructions: [] }];
  for (const line of lines) {
    const [word = "", ...rest] = line.split(/\s+/);
    const instruction = { word: word.toUpperCase(), text: rest.join(" ") };
    if (instruction.word === "FROM") stages.push({ name: /\sAS\s+(\S+)$/i.exec(instruction.text)?.[1] ?? "", instructions: [] });
    stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

/** Whether a path is left out of the build by a `.dockerignore`: the last pattern that matches it or a folder above it decides. */
export function isLeftOut(path: string, patterns: readonly string[]): boolean {
  let leftOut = false;
  for (const pattern of patterns) {
    const isException = pattern.startsWith("!");
    if (matcher(isException ? pattern.slice(1) : pattern).test(path)) leftOut = !isException;
  }
  return leftOut;
}

/** The lines of a `.dockerignore` that say something. */
export function ignorePatterns(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Files of a folder that get into the build; folders of dependencies and of git are not looked into. */
export function buildContext(root: string, patterns: readonly string[]): string[] {
  const walk = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const full = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === "node_modules" || entry.name === ".git" ? [] : walk(full);
      const path = relative(root, full).replaceAll("\\", "/");
      return isLeftOut(path, patterns) ? [] : [path];
    });
  return walk(root);
}

/** `**` is any number of folders, `*` and `?` stay within a name; what matches a folder matches all below it. */
function matcher(pattern: string): RegExp {
  const source = pattern
    .replace(/^\/|\/$/g, "")
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*\*\/|\*\*|\*|\?/g, (wild) => (wild === "**/" ? "(?:.*/)?" : wild === "**" ? ".*" : wild === "*" ? "[^/]*" : "[^/]"));
  return new RegExp(`^${source}(?:/|$)`);
}
