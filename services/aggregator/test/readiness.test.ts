import { setTimeout as sleep } from "node:timers/promises";
import { spawnService } from "@tickfleet/testkit/process";
import { expect, test } from "vitest";
import { openSurroundings } from "./harness.ts";

test("the service is not ready before it holds its lanes", async () => {
  await using around = await openSurroundings();
  const holder = await around.pool.connect();
  await holder.query("begin");
  await holder.query("lock table aggregator.lanes in access exclusive mode");
  const env = { NATS_URL: around.nats.url, DATABASE_URL: around.database.url };
  await using service = await spawnService("aggregator", env, { until: "spawned" });
  const ask = async (path: string): Promise<Response> => fetch(`http://127.0.0.1:${service.opsPort}${path}`);
  const isStarted = (): Promise<boolean> =>
    ask("/startupz").then(
      ({ ok }) => ok,
      () => false,
    );
  try {
    await expect.poll(isStarted, { timeout: 20_000 }).toBe(true);
    for (let i = 0; i < 10; i++) {
      expect(await (await ask("/readyz")).json()).toMatchObject({
        status: "not-ready",
        components: { candles: { detail: "taking lanes" } },
      });
      await sleep(50);
    }
  } finally {
    await holder.query("rollback");
    holder.release();
  }
  await service.untilReady(5_000);
  const { rows } = await around.pool.query("select lane from aggregator.lanes where expires > now()");
  expect(rows).toHaveLength(16);
});
