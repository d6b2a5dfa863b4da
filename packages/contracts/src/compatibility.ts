import type { JsonSchema } from "./generate-schemas.ts";

/**
 * What in `next` would break a reader or a stored message that relies on `published`, one sentence
 * each; empty where every change is safe. Both are published schemas of one message and version.
 *
 * Breaking: another subject or stream; a field removed, made optional or newly required; another
 * type (nullable counts as a type); fewer values of an enum; tighter bounds. Safe: new optional
 * fields, more enum values, wider bounds, descriptions.
 */
export function breakingChanges(published: JsonSchema, next: JsonSchema): string[] {
  const found: string[] = [];
  for (const keyword of ["x-subject", "x-stream"]) {
    if (published[keyword] !== next[keyword]) {
      found.push(`${keyword.slice(2)} changed from ${String(published[keyword])} to ${String(next[keyword])}`);
    }
  }
  compare(published, next, "", found);
  return [...new Set(found)];
}

function compare(published: JsonSchema, next: JsonSchema, path: string, found: string[]): void {
  const alternatives = variants(published);
  if (alternatives !== null || variants(next) !== null) {
    compareVariants(alternatives ?? [published], variants(next) ?? [next], path, found);
    return;
  }
  if (typesOf(published) !== typesOf(next)) {
    found.push(`${named(path)}: type changed from ${typesOf(published)} to ${typesOf(next)}`);
    return;
  }
  compareValues(published, next, path, found);
  compareBounds(published, next, path, found);
  compareFields(published, next, path, found);
  compareItems(published, next, path, found);
}

/** Alternatives are compared by what they accept as a type: each must stay, and no new one may come. */
function compareVariants(published: JsonSchema[], next: JsonSchema[], path: string, found: string[]): void {
  const left = new Map(published.map((schema) => [typesOf(schema), schema]));
  const right = new Map(next.map((schema) => [typesOf(schema), schema]));
  for (const [type, schema] of left) {
    const counterpart = right.get(type);
    if (counterpart === undefined) found.push(`${named(path)}: no longer ${type}`);
    else compare(schema, counterpart, path, found);
  }
  for (const type of right.keys()) if (!left.has(type)) found.push(`${named(path)}: may now be ${type}`);
}

function compareValues(published: JsonSchema, next: JsonSchema, path: string, found: string[]): void {
  const before = valuesOf(published);
  const after = valuesOf(next);
  if (after === null) return;
  if (before === null) {
    found.push(`${named(path)}: any value before, now only ${JSON.stringify(after)}`);
    return;
  }
  const gone = before.filter((value) => !after.includes(value));
  if (gone.length > 0) found.push(`${named(path)}: values removed: ${gone.join(", ")}`);
}

const LOWER = ["minimum", "exclusiveMinimum", "minLength", "minItems"];
const UPPER = ["maximum", "exclusiveMaximum", "maxLength", "maxItems"];

function compareBounds(published: JsonSchema, next: JsonSchema, path: string, found: string[]): void {
  for (const keyword of [...LOWER, ...UPPER]) {
    const before = published[keyword] as number | undefined;
    const after = next[keyword] as number | undefined;
    if (after === undefined) continue;
    const tighter = before === undefined || (LOWER.includes(keyword) ? after > before : after < before);
    if (tighter) found.push(`${named(path)}: ${keyword} tightened from ${before ?? "none"} to ${after}`);
  }
  if (next["pattern"] !== undefined && next["pattern"] !== published["pattern"]) {
    found.push(`${named(path)}: pattern changed to ${String(next["pattern"])}`);
  }
}

function compareFields(published: JsonSchema, next: JsonSchema, path: string, found: string[]): void {
  const before = fieldsOf(published);
  const after = fieldsOf(next);
  const neededBefore = requiredOf(published);
  const neededAfter = requiredOf(next);
  for (const [name, schema] of Object.entries(before)) {
    const field = path === "" ? name : `${path}.${name}`;
    const counterpart = after[name];
    if (counterpart === undefined) {
      found.push(`${field}: field removed`);
      continue;
    }
    if (neededBefore.includes(name) && !neededAfter.includes(name)) found.push(`${field}: may now be absent`);
    if (!neededBefore.includes(name) && neededAfter.includes(name)) found.push(`${field}: now required, and stored messages may lack it`);
    compare(schema, counterpart, field, found);
  }
  for (const name of neededAfter) {
    if (!(name in before)) found.push(`${path === "" ? name : `${path}.${name}`}: new required field, which stored messages lack`);
  }
}

function compareItems(published: JsonSchema, next: JsonSchema, path: string, found: string[]): void {
  for (const keyword of ["items", "additionalProperties"]) {
    const before = published[keyword];
    const after = next[keyword];
    if (isSchema(before) && isSchema(after)) compare(before, after, `${path}[]`, found);
    else if (isSchema(after) || after === false) {
      if (before !== after) found.push(`${named(path)}: ${keyword} is now restricted`);
    }
  }
}

function variants(schema: JsonSchema): JsonSchema[] | null {
  const list = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(list)) return list as JsonSchema[];
  const types = schema["type"];
  return Array.isArray(types) ? types.map((type: unknown) => ({ ...schema, type })) : null;
}

function typesOf(schema: JsonSchema): string {
  const type = schema["type"];
  return typeof type === "string" ? type : "anything";
}

function valuesOf(schema: JsonSchema): unknown[] | null {
  if ("const" in schema) return [schema["const"]];
  return Array.isArray(schema["enum"]) ? schema["enum"] : null;
}

function fieldsOf(schema: JsonSchema): Record<string, JsonSchema> {
  return (schema["properties"] as Record<string, JsonSchema> | undefined) ?? {};
}

function requiredOf(schema: JsonSchema): string[] {
  return (schema["required"] as string[] | undefined) ?? [];
}

function isSchema(value: unknown): value is JsonSchema {
  return value !== null && typeof value === "object";
}

function named(path: string): string {
  return path === "" ? "the message" : path;
}
