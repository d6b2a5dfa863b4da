import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { enriched, INDICATOR_NAMES } from "./enriched-messages.ts";
import { exampleOf, examples } from "./examples.ts";
import { FIELD_MEANINGS } from "./field-meanings.ts";
import { committedFile, examplePath } from "./generate.ts";
import { schemaPath } from "./generate-schemas.ts";
import { tradeBatch } from "./market-messages.ts";
import { messages } from "./registry.ts";
import { createBatchColumns, decodeTradeBatch } from "./trade-batch.ts";

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, keywords: ["x-subject", "x-stream", "x-owner"] });

describe("golden examples", () => {
  test.each(messages.map((definition) => [definition.name, definition] as const))("%s fits its published schema", async (_, definition) => {
    const schema = JSON.parse((await committedFile(`packages/contracts/${schemaPath(definition)}`)) ?? "null");
    const example = JSON.parse((await committedFile(`packages/contracts/${examplePath(definition)}`)) ?? "null");
    const validate = ajv.compile(schema);
    expect(validate(example), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...example, addedLater: 1 }), "unknown fields pass").toBe(true);
    const [required] = schema.required as string[];
    expect(validate({ ...example, [required as string]: undefined })).toBe(false);
  });

  test("each message has one, and each is read by our own schema as it stands", () => {
    expect(examples.map((example) => example.definition)).toEqual(messages);
    for (const { definition, payload } of examples) expect(definition.schema.parse(payload)).toEqual(payload);
  });

  test("every indicator has a value in the enriched candle's, and its meaning is told", () => {
    expect(Object.keys(enriched.schema.parse(exampleOf(enriched)).indicators)).toEqual(INDICATOR_NAMES);
    expect(INDICATOR_NAMES.filter((name) => FIELD_MEANINGS[name] === undefined)).toEqual([]);
  });

  test("the trade batch decodes to the trades it shows", () => {
    const columns = createBatchColumns();
    decodeTradeBatch(new TextEncoder().encode(JSON.stringify(exampleOf(tradeBatch))), columns);
    expect(Array.from(columns.price.subarray(0, columns.count))).toEqual([6_950_010, 6_950_020, 6_950_010]);
    expect(Array.from(columns.sourceSeq.subarray(0, columns.count))).toEqual([3_640_512_001, 3_640_512_002, 3_640_512_003]);
    expect(Array.from(columns.ask.subarray(0, columns.count))).toEqual([6_950_020, 6_950_020, 6_950_020]);
  });
});
