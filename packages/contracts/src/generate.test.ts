import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Parser } from "@asyncapi/parser";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { committedFile, findBreakingChanges, generate, generatedFiles } from "./generate.ts";
import { asyncApiDocument } from "./generate-asyncapi.ts";
import { type JsonSchema, publishedSchema } from "./generate-schemas.ts";
import { tradeBatch, tradeBatchSchema } from "./market-messages.ts";
import { liveTemplate, messages } from "./registry.ts";

describe("generated files", () => {
  test.each([...generatedFiles()])("%s is current (else run pnpm generate)", async (path, content) => {
    expect(await committedFile(path)).toBe(content);
  });

  test("nothing else lies beside them, except schemas of earlier versions", async () => {
    const expected = generatedFiles();
    const folder = join(import.meta.dirname, "../generated");
    const found = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const paths = found.map((entry) => `packages/contracts/generated${join(entry.parentPath, entry.name).slice(folder.length)}`);
    const stale = paths.filter((path) => !expected.has(path) && !isEarlierVersion(path));
    expect(stale).toEqual([]);
  });

  test("no committed schema is broken by the registry", async () => {
    expect(await findBreakingChanges()).toEqual([]);
  });

  test("a breaking change of the same version is refused before anything is written, as a new version it is none", async () => {
    const { size: _, ...others } = tradeBatchSchema.shape;
    const broken = { ...tradeBatch, schema: z.object(others) };
    const said = "trade-batch v1: size: field removed";
    expect(await findBreakingChanges([broken])).toEqual([said]);
    await expect(generate([broken])).rejects.toThrow(said);
    expect(await findBreakingChanges([{ ...broken, version: 2, template: broken.template.replace("v1", "v2") }])).toEqual([]);
  });

  test.each(messages.map((definition) => [definition.name, definition] as const))("every field of %s has a meaning", (_, definition) => {
    expect(fieldsWithoutMeaning(publishedSchema(definition), "")).toEqual([]);
  });
});

describe("AsyncAPI document", () => {
  test("is valid by the official parser", async () => {
    const { document, diagnostics } = await new Parser().parse(JSON.stringify(asyncApiDocument()));
    const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 0);
    expect(errors).toEqual([]);
    expect(document?.version()).toBe("3.1.0");
  });

  test("has a channel for every message, and one for users where it is repeated", () => {
    const channels = asyncApiDocument()["channels"] as Record<string, { address: string }>;
    const addresses = Object.values(channels).map((channel) => channel.address);
    const live = messages.map(liveTemplate).filter((template) => template !== null);
    expect(addresses.toSorted()).toEqual([...messages.map((definition) => definition.template), ...live].toSorted());
    expect(live).toContain("live.v1.candle.{venue}.{instrument}.{timeframe}");
  });
});

function isEarlierVersion(path: string): boolean {
  const [, name, version] = /schemas\/([\w-]+)\/v(\d+)\.json$/.exec(path) ?? [];
  return messages.some((definition) => definition.name === name && definition.version > Number(version));
}

function fieldsWithoutMeaning(schema: JsonSchema, prefix: string): string[] {
  const fields = Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>);
  return fields.flatMap(([name, field]) => {
    const nested = (field["items"] as JsonSchema | undefined) ?? field;
    const missing = typeof field["description"] === "string" ? [] : [`${prefix}${name}`];
    return [...missing, ...fieldsWithoutMeaning(nested, `${prefix}${name}.`)];
  });
}
