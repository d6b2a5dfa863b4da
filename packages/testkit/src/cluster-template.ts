import { existsSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedDatabase } from "@tickfleet/local/embedded-database";
import { copyFolder } from "./folder-copy.ts";
import { removeScratch, scratchFolder } from "./scratch.ts";

/** Where the processes of a test run keep the cluster that they copy; removed with the run's scratch folders at the latest. */
function templateOf(testRun: string): string {
  return join(tmpdir(), `tickfleet-test-${testRun}-cluster`);
}

/**
 * Fills a folder with the data of a server that was never used. Making them costs over a second of processor, so the first process of
 * a test run does, and all copy. Does nothing outside of a test run.
 */
export async function fillFromTemplate(folder: string, testRun: string | undefined): Promise<void> {
  if (testRun === undefined) return;
  const template = templateOf(testRun);
  if (!existsSync(template)) await makeTemplate(template);
  await copyFolder(join(template, "."), folder);
}

/** @param testRun name of a test run that has ended */
export function removeTemplate(testRun: string): void {
  rmSync(templateOf(testRun), { recursive: true, force: true, maxRetries: 5 });
}

async function makeTemplate(template: string): Promise<void> {
  const fresh = scratchFolder("cluster");
  const server = await startEmbeddedDatabase({ dataDir: fresh, port: 0, database: "postgres", dieWithParent: true });
  await server.stop();
  try {
    renameSync(fresh, template);
  } catch (error) {
    // another process was quicker
    if (!existsSync(template)) throw error;
  } finally {
    removeScratch(fresh);
  }
}
