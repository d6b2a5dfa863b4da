import { parseSync } from "oxc-parser";
import type { TextFile } from "./repository.ts";

/** A node of the syntax tree as the checks look at it: ESTree with TypeScript. */
export interface SyntaxNode {
  type: string;
  start: number;
  end: number;
  [field: string]: unknown;
}

export interface Import {
  specifier: string;
  line: number;
}

/** A file with its syntax tree. */
export interface ParsedFile extends TextFile {
  program: SyntaxNode;
  /** Everything imported or re-exported by name, dynamic imports included. */
  imports: readonly Import[];
  lineAt(offset: number): number;
}

/** Parses a file; throws SyntaxError where it does not parse. */
export function parseFile(file: TextFile): ParsedFile {
  const result = parseSync(file.path, file.text);
  const [error] = result.errors;
  if (error !== undefined) throw new SyntaxError(`${file.path}: ${error.message}`);
  const starts = lineStarts(file.text);
  const lineAt = (offset: number): number => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
  const program = result.program as unknown as SyntaxNode;
  return { ...file, program, imports: importsOf(program, lineAt), lineAt };
}

/** Calls `enter` for every node below and including `node`, parents first. */
export function visit(
  node: SyntaxNode,
  enter: (node: SyntaxNode, parent: SyntaxNode | null) => void,
  parent: SyntaxNode | null = null,
): void {
  enter(node, parent);
  for (const child of children(node)) visit(child, enter, node);
}

/** The nodes directly below a node. */
export function children(node: SyntaxNode): SyntaxNode[] {
  return Object.values(node).flatMap((value) => {
    if (Array.isArray(value)) return value.filter(isNode);
    return isNode(value) ? [value] : [];
  });
}

/** The text of a string literal or of a template's first part, null for anything else. */
export function literalText(node: SyntaxNode): string | null {
  if (node.type === "Literal" && typeof node["value"] === "string") return node["value"];
  if (node.type !== "TemplateLiteral") return null;
  const [first] = node["quasis"] as { value: { raw: string } }[];
  return first?.value.raw ?? "";
}

/** `a.b.c` of a chain of plain members, such as `process.env`; null for anything else. */
export function memberPath(node: SyntaxNode): string | null {
  if (node.type === "Identifier") return node["name"] as string;
  if (node.type !== "MemberExpression") return null;
  const object = memberPath(node["object"] as SyntaxNode);
  const property = node["property"] as SyntaxNode;
  const name = node["computed"] === true ? literalText(property) : (property["name"] as string);
  return object === null || name === null ? null : `${object}.${name}`;
}

export function isFunction(node: SyntaxNode): boolean {
  return ["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"].includes(node.type);
}

function importsOf(program: SyntaxNode, lineAt: (offset: number) => number): Import[] {
  const imports: Import[] = [];
  visit(program, (node) => {
    const source = node["source"];
    const named = ["ImportDeclaration", "ExportNamedDeclaration", "ExportAllDeclaration", "ImportExpression", "TSImportType"].includes(
      node.type,
    );
    if (!named || !isNode(source)) return;
    const specifier = literalText(source);
    if (specifier !== null) imports.push({ specifier, line: lineAt(node.start) });
  });
  return imports;
}

function isNode(value: unknown): value is SyntaxNode {
  return value !== null && typeof value === "object" && typeof (value as SyntaxNode).type === "string";
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let i = text.indexOf("\n"); i !== -1; i = text.indexOf("\n", i + 1)) starts.push(i + 1);
  return starts;
}
