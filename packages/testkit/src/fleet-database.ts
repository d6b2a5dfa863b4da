import { type EmbeddedDatabase, startEmbeddedDatabase } from "@tickfleet/local/embedded-database";
import { DATABASE_SETTINGS } from "@tickfleet/local/server-parts";
import { killAtExit, removeScratch, scratchFolder } from "./scratch.ts";

/** A database server of its own, set up as the local fleet's: what it commits is on the disk. For benchmarks. */
export async function startFleetDatabase(): Promise<EmbeddedDatabase & AsyncDisposable> {
  const folder = scratchFolder("fleet-postgres");
  const server = await startEmbeddedDatabase({ dataDir: folder, port: 0, settings: DATABASE_SETTINGS, dieWithParent: true });
  const forget = killAtExit(server.pid);
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server.kill();
      forget();
      removeScratch(folder);
    },
  };
}
