import { z } from "zod";
import { fieldDescription } from "./field-meanings.ts";
import type { MessageDefinition } from "./message.ts";
import { serviceAsked } from "./subject-parameters.ts";

/** A JSON Schema as plain data. */
export type JsonSchema = { [keyword: string]: unknown };

/** Stable name of a message's schema: `urn:tickfleet:schema:candle:v1`. */
export function schemaId(definition: MessageDefinition): string {
  return `urn:tickfleet:schema:${definition.name}:v${definition.version}`;
}

/** Where the published schema lies, relative to `packages/contracts`. */
export function schemaPath(definition: MessageDefinition): string {
  return `generated/schemas/${definition.name}/v${definition.version}.json`;
}

/**
 * The published schema of a message, JSON Schema 2020-12. Unknown fields are allowed, because a
 * later minor version may add some. `x-subject`, `x-stream` and `x-owner` tell where it travels.
 */
export function publishedSchema(definition: MessageDefinition): JsonSchema {
  const { $schema, ...body } = bareSchema(definition, "draft-2020-12");
  return {
    $schema,
    $id: schemaId(definition),
    title: definition.name,
    description: definition.summary,
    "x-subject": definition.template,
    "x-stream": definition.stream,
    "x-owner": definition.owner,
    ...body,
  };
}

/** The schema of a message's payload alone, in the draft asked for (AsyncAPI builds on draft 07). */
export function bareSchema(definition: MessageDefinition, target: "draft-2020-12" | "draft-07"): JsonSchema {
  const schema = z.toJSONSchema(definition.schema, { target, io: "output" }) as JsonSchema;
  openAndDescribe(schema, definition);
  return schema;
}

/** Lets unknown fields pass and adds the shared meanings of fields, at every depth. */
function openAndDescribe(schema: JsonSchema, definition: MessageDefinition, above = ""): void {
  const isRequest = serviceAsked(definition) !== null;
  if (schema["additionalProperties"] === false) delete schema["additionalProperties"];
  const fields = (schema["properties"] ?? {}) as Record<string, JsonSchema>;
  for (const [name, field] of Object.entries(fields)) {
    const description = fieldDescription(definition.name, above + name, field["description"] as string | undefined, isRequest);
    if (description !== null) field["description"] = description;
    openAndDescribe(field, definition, `${above}${name}.`);
  }
  if (schema["items"] !== undefined) openAndDescribe(schema["items"] as JsonSchema, definition, above);
  for (const alternative of (schema["anyOf"] ?? []) as JsonSchema[]) openAndDescribe(alternative, definition, above);
}
