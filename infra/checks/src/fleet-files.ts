import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { z } from "zod";
import { REPOSITORY_ROOT } from "./repository.ts";

/** Text of a file of the repository. */
export function repositoryText(path: string): string {
  return readFileSync(join(REPOSITORY_ROOT, path), "utf8");
}

/** Whether users other than the owner may read a file, or look into a folder. */
export function isReadableByAll(path: string): boolean {
  const status = statSync(path);
  const wanted = status.isDirectory() ? 0o555 : 0o444;
  return (status.mode & wanted) === wanted;
}

/** The variables that a service adds to the shared ones, as its `config.ts` exports them. */
export async function configOf(service: string): Promise<z.ZodRawShape> {
  const path = join(REPOSITORY_ROOT, "services", service, "src/config.ts");
  const exported = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  const shapes = Object.entries(exported).filter(([name]) => name.endsWith("Config"));
  if (shapes.length !== 1)
    throw new Error(`${path}: expected one export that ends in Config, found ${shapes.map(([name]) => name).join(", ")}`);
  return shapes[0]?.[1] as z.ZodRawShape;
}

/** Grafana's boards, by file name. */
export function grafanaBoards(): Map<string, unknown> {
  const folder = join(REPOSITORY_ROOT, "infra/grafana/boards");
  return new Map(readdirSync(folder).map((name) => [name, JSON.parse(readFileSync(join(folder, name), "utf8"))]));
}

/** Expressions of a board's panels and variables. */
export function expressionsOf(board: unknown): string[] {
  if (Array.isArray(board)) return board.flatMap(expressionsOf);
  if (typeof board !== "object" || board === null) return [];
  return Object.entries(board).flatMap(([name, value]) =>
    (name === "expr" || name === "query") && typeof value === "string" ? [value] : expressionsOf(value),
  );
}

/** Names of metrics in an expression; a histogram's series count as the histogram. */
export function metricsIn(expression: string): string[] {
  const names = [...expression.matchAll(/\b(?:tickfleet|process|nodejs)_[a-z0-9_]+\b/g)].map(([name]) => name);
  return names.map((name) => name.replace(/_(bucket|sum|count)$/, ""));
}
