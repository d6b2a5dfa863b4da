import { PURE } from "./dependencies.ts";
import { isTest, type Violation } from "./repository.ts";
import { literalText, memberPath, type ParsedFile, type SyntaxNode, visit } from "./syntax.ts";

const IMPURE_NAMES = new Set([
  "process",
  "console",
  "performance",
  "crypto",
  "fetch",
  "globalThis",
  "require",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "structuredClone",
]);
const IMPURE_MEMBERS = new Set(["Date.now", "Math.random", "import.meta"]);
const SUBJECT = /^(md|live|forming|dlq|alert|ctl)\.v\d+\./;
const SQL =
  /^\s*(select\s[\s\S]*\sfrom\s|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|with\s+\w+\s+as\s*\(|(create|alter|drop)\s+(table|schema|view|index|role|database|unique|or\s+replace|extension)\s|grant\s+\w+.*\son\s|truncate\s+\w)/i;
const SQL_ALLOWED = /^packages\/database\/|^services\/[\w-]+\/(src\/([\w-]+-)?store\.ts|migrations\/)/;
const ENVIRONMENT_ALLOWED = /^packages\/runtime\/src\/config\.ts$|^infra\/(local|checks)\//;

/** Clocks, randomness, timers and the outside world in packages that must be a function of their input. */
export function impurities(files: readonly ParsedFile[]): Violation[] {
  return ours(files)
    .filter((file) => PURE.some((name) => file.path.startsWith(`packages/${name}/`)))
    .flatMap((file) =>
      findings(file, (node, parent) => {
        const impure = impureName(node, parent);
        return impure === null ? null : `${impure} in a pure package`;
      }),
    );
}

/** Subjects spelled outside the registry. */
export function spelledSubjects(files: readonly ParsedFile[]): Violation[] {
  return ours(files)
    .filter((file) => !file.path.startsWith("packages/contracts/"))
    .flatMap((file) =>
      findings(file, (node) => {
        const text = literalText(node);
        return text !== null && SUBJECT.test(text) ? `spells the subject "${text}": take it from contracts` : null;
      }),
    );
}

/** Reads of the environment outside the one place that checks it. */
export function environmentReads(files: readonly ParsedFile[]): Violation[] {
  return ours(files)
    .filter((file) => !ENVIRONMENT_ALLOWED.test(file.path) && !file.path.endsWith(".mjs"))
    .flatMap((file) =>
      findings(file, (node) => {
        if (node.type === "MemberExpression" && memberPath(node) === "process.env") return "process.env: read it through runtime/config";
        const destructured = node.type === "VariableDeclarator" && (node["init"] as SyntaxNode | null)?.["name"] === "process";
        return destructured ? "takes process apart: read the environment through runtime/config" : null;
      }),
    );
}

/** SQL outside database, stores and migrations. */
export function strayStatements(files: readonly ParsedFile[]): Violation[] {
  return ours(files)
    .filter((file) => !SQL_ALLOWED.test(file.path) && !file.path.startsWith("infra/"))
    .flatMap((file) =>
      findings(file, (node) => {
        const text = literalText(node);
        return text !== null && SQL.test(text) ? `SQL outside a store: "${text.trim().slice(0, 40)}"` : null;
      }),
    );
}

/** A venue's raw shapes outside its parser: who asserts or checks the shape of foreign JSON knows them. */
export function rawShapes(files: readonly ParsedFile[]): Violation[] {
  return ours(files)
    .filter((file) => !/^packages\/venues\/src\/[\w-]+\/parse\.ts$/.test(file.path))
    .flatMap((file) => {
      const inVenues = file.path.startsWith("packages/venues/");
      const imported = file.imports
        .filter(({ specifier }) => (inVenues ? specifier === "zod" : /^@tickfleet\/venues\/[\w-]+\/parse$/.test(specifier)))
        .map(({ specifier, line }) => ({
          path: file.path,
          line,
          what: `imports ${specifier}: only a venue's parse.ts knows its raw shape`,
        }));
      if (!inVenues) return imported;
      const read = findings(file, (node) =>
        node.type === "TSAsExpression" && isJsonParse(node["expression"] as SyntaxNode)
          ? "JSON.parse(...) as a shape: only a venue's parse.ts knows its raw shape"
          : null,
      );
      return [...imported, ...read];
    });
}

function isJsonParse(node: SyntaxNode): boolean {
  return node.type === "CallExpression" && memberPath(node["callee"] as SyntaxNode) === "JSON.parse";
}

function ours(files: readonly ParsedFile[]): ParsedFile[] {
  return files.filter((file) => !isTest(file.path));
}

function findings(file: ParsedFile, judge: (node: SyntaxNode, parent: SyntaxNode | null) => string | null): Violation[] {
  const found: Violation[] = [];
  visit(file.program, (node, parent) => {
    const what = judge(node, parent);
    if (what !== null) found.push({ path: file.path, line: file.lineAt(node.start), what });
  });
  return found;
}

function impureName(node: SyntaxNode, parent: SyntaxNode | null): string | null {
  if (node.type === "MetaProperty") return "import.meta";
  if (node.type === "MemberExpression") {
    const path = memberPath(node);
    return path !== null && IMPURE_MEMBERS.has(path) ? path : null;
  }
  const isClock = (node.type === "NewExpression" || node.type === "CallExpression") && memberPath(node["callee"] as SyntaxNode) === "Date";
  if (isClock && (node.type === "CallExpression" || (node["arguments"] as unknown[]).length === 0))
    return "the present time (Date without arguments)";
  if (node.type !== "Identifier" || isOnlyAName(node, parent)) return null;
  const name = node["name"] as string;
  return IMPURE_NAMES.has(name) ? name : null;
}

/** A property's name is no reference to the global of that name. */
function isOnlyAName(node: SyntaxNode, parent: SyntaxNode | null): boolean {
  if (parent === null) return false;
  const computed = parent["computed"] === true;
  if (parent.type === "MemberExpression") return parent["property"] === node && !computed;
  const isProperty = ["Property", "PropertyDefinition", "MethodDefinition", "TSPropertySignature", "TSMethodSignature"].includes(
    parent.type,
  );
  return isProperty && parent["key"] === node && !computed && parent["shorthand"] !== true;
}
