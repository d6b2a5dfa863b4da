import { expect, test } from "vitest";
import { deadLetter } from "./dead-letter-messages.ts";
import { FIELD_MEANINGS, meaningKey } from "./field-meanings.ts";
import { bareSchema, type JsonSchema } from "./generate-schemas.ts";
import { status } from "./market-messages.ts";
import type { MessageDefinition } from "./message.ts";
import { signal } from "./pattern-messages.ts";
import { messages } from "./registry.ts";

/** Descriptions of all fields, by their path. */
function described(schema: JsonSchema, above = ""): Map<string, unknown> {
  const parts = [schema["items"] ?? [], schema["anyOf"] ?? []].flat() as JsonSchema[];
  const found = new Map(parts.flatMap((part) => [...described(part, above)]));
  for (const [name, field] of Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>)) {
    found.set(above + name, field["description"]);
    for (const [path, description] of described(field, `${above}${name}.`)) found.set(path, description);
  }
  return found;
}

const fieldsOf = (definition: MessageDefinition): Map<string, unknown> => described(bareSchema(definition, "draft-2020-12"));

test("every meaning is told of a field", () => {
  const told = new Set(messages.flatMap((definition) => [...fieldsOf(definition).keys()].map((path) => meaningKey(definition.name, path))));
  expect(Object.keys(FIELD_MEANINGS).filter((key) => !told.has(key))).toEqual([]);
});

test("a name that means something else in another object is told what it means there", () => {
  expect(fieldsOf(status).get("instruments.kind")).toMatch(/quote volume/);
  expect(fieldsOf(signal).get("patterns.kind")).toBe("which pattern; TA-Lib's name");
  expect(fieldsOf(signal).get("factors.context")).toMatch(/regime/);
  expect(fieldsOf(deadLetter).get("kind")).toBe("invalid: refused by its schema; fault: a handler threw three times");
});
