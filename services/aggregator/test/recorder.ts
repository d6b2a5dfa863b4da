import { spawnService } from "@tickfleet/testkit/process";
import { expect, vi } from "vitest";
import type { Surroundings } from "./harness.ts";

/** Runs ingest, as a process of its own, until everything that MARKET holds is recorded. */
export async function recordMarket({ nats, database, bus, pool }: Surroundings, spoolFolder: string): Promise<void> {
  const { lastSeq } = await bus.streamPosition("MARKET");
  const recorded = async (): Promise<number> =>
    (await pool.query<{ seq: number }>("select seq from ingest.pub_recorder")).rows[0]?.seq ?? 0;
  await using _ingest = await spawnService("ingest", {
    NATS_URL: nats.url,
    DATABASE_URL: database.url,
    INGEST_SPOOL_DIR: spoolFolder,
    INGEST_LEASE_MS: "1000",
  });
  await vi.waitFor(async () => expect(await recorded()).toBe(lastSeq), { timeout: 60_000, interval: 50 });
}
