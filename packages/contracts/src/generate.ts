import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { breakingChanges } from "./compatibility.ts";
import { exampleOf } from "./examples.ts";
import { asyncApiDocument } from "./generate-asyncapi.ts";
import { natsServerConfig } from "./generate-nats-config.ts";
import { userPermissions } from "./generate-permissions.ts";
import { compactJson, referencePage } from "./generate-reference.ts";
import { type JsonSchema, publishedSchema, schemaPath } from "./generate-schemas.ts";
import type { MessageDefinition } from "./message.ts";
import { messages } from "./registry.ts";

const ROOT = join(import.meta.dirname, "../../..");
const PACKAGE = "packages/contracts";

/** A schema that was published under the same name and version says something else. */
export class BreakingChangeError extends Error {
  override name = "BreakingChangeError";
}

/** Every generated file by its path from the repository's root. */
export function generatedFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const definition of messages) {
    files.set(`${PACKAGE}/${schemaPath(definition)}`, json(publishedSchema(definition)));
    files.set(`${PACKAGE}/${examplePath(definition)}`, `${compactJson(exampleOf(definition))}\n`);
  }
  files.set(`${PACKAGE}/generated/asyncapi.json`, json(asyncApiDocument()));
  files.set(`${PACKAGE}/generated/nats-permissions.json`, json(userPermissions()));
  files.set("infra/nats/nats-server.conf", natsServerConfig());
  files.set("docs/contracts.md", referencePage());
  return files;
}

/** Where the example of a message lies, relative to the package. */
export function examplePath(definition: MessageDefinition): string {
  return `generated/examples/${definition.name}${definition.version === 1 ? "" : `.v${definition.version}`}.json`;
}

/** What a file holds on disk, null where it is not there. */
export async function committedFile(path: string): Promise<string | null> {
  try {
    return await readFile(join(ROOT, path), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Breaking changes of every message against its committed schema, each with the message's name before it. */
export async function findBreakingChanges(definitions: readonly MessageDefinition[] = messages): Promise<string[]> {
  const found: string[] = [];
  for (const definition of definitions) {
    const committed = await committedFile(`${PACKAGE}/${schemaPath(definition)}`);
    if (committed === null) continue;
    const changes = breakingChanges(JSON.parse(committed) as JsonSchema, publishedSchema(definition));
    found.push(...changes.map((change) => `${definition.name} v${definition.version}: ${change}`));
  }
  return found;
}

/**
 * Writes what has changed and returns the paths. Other definitions than the registry's are for tests of the refusal.
 * @throws BreakingChangeError before anything is written
 */
export async function generate(definitions: readonly MessageDefinition[] = messages): Promise<string[]> {
  const breaking = await findBreakingChanges(definitions);
  if (breaking.length > 0) {
    throw new BreakingChangeError(
      `Breaking changes need a new major version (a definition with version + 1 beside this one):\n${breaking.map((line) => `  ${line}`).join("\n")}`,
    );
  }
  const written: string[] = [];
  for (const [path, content] of generatedFiles()) {
    if ((await committedFile(path)) === content) continue;
    await mkdir(dirname(join(ROOT, path)), { recursive: true });
    await writeFile(join(ROOT, path), content);
    written.push(path);
  }
  return written;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

if (import.meta.main) {
  try {
    const written = await generate();
    process.stdout.write(written.length === 0 ? "everything is current\n" : `wrote\n${written.map((path) => `  ${path}`).join("\n")}\n`);
  } catch (error) {
    if (!(error instanceof BreakingChangeError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
