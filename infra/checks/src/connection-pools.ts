import { readConfig } from "@tickfleet/runtime/config";
import { configOf } from "./fleet-files.ts";
import { isTest, type TextFile } from "./repository.ts";
import { children, memberPath, parseFile, type SyntaxNode, visit } from "./syntax.ts";

/**
 * The most connections that one process of a service opens to the database: the sum of its pools, as its sources and the defaults
 * of its variables say.
 * @param sources files of the repository
 * @throws RangeError where a pool's size cannot be read from them
 */
export async function connectionsOf(service: string, sources: readonly TextFile[]): Promise<number> {
  const own = sources.filter(({ path }) => path.startsWith(`services/${service}/src/`) && !isTest(path));
  const defaults: Record<string, unknown> = readConfig(await configOf(service), {
    DATABASE_URL: "postgres://postgres:postgres@127.0.0.1:5432/tickfleet",
  });
  let sum = 0;
  for (const file of own.filter(({ text }) => text.includes("openPool("))) {
    const { program, lineAt } = parseFile(file);
    visit(program, (node) => {
      if (node.type !== "CallExpression" || memberPath(node["callee"] as SyntaxNode) !== "openPool") return;
      const size = sizeOf(node, program, defaults);
      if (!Number.isInteger(size)) throw new RangeError(`${file.path}:${lineAt(node.start)}: expected a pool of a known size`);
      sum += size as number;
    });
  }
  return sum;
}

/** The value of `max`: a number, a constant of the file, or a variable's default. */
function sizeOf(call: SyntaxNode, program: SyntaxNode, defaults: Readonly<Record<string, unknown>>): unknown {
  const options = children(call).find(({ type }) => type === "ObjectExpression");
  const max = (options === undefined ? [] : children(options)).find((property) => nameOf(property["key"]) === "max");
  const value = max?.["value"] as SyntaxNode | undefined;
  if (value === undefined) return undefined;
  if (value.type === "Literal") return value["value"];
  const path = memberPath(value) ?? "";
  if (path.startsWith("config.")) return defaults[path.slice("config.".length)];
  let found: unknown;
  visit(program, (node) => {
    if (node.type === "VariableDeclarator" && nameOf(node["id"]) === path) found = (node["init"] as SyntaxNode | null)?.["value"];
  });
  return found;
}

function nameOf(node: unknown): unknown {
  return (node as SyntaxNode | undefined)?.["name"];
}
