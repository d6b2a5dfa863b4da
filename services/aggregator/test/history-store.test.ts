import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { readTradesBefore } from "../src/history-store.ts";
import { openSurroundings } from "./harness.ts";

test("the wait for the recorder ends at the signal", async () => {
  await using around = await openSurroundings();
  const abort = new AbortController();
  const waiting = readTradesBefore(around.pool, "test", "AAA-USD", 0, 60_000_000, { generation: null, seq: 5, signal: abort.signal });
  const outcome = waiting.then(
    () => "read",
    (error: unknown) => error,
  );
  expect(await Promise.race([outcome, sleep(300, "waits")])).toBe("waits");
  abort.abort();
  expect(await Promise.race([outcome, sleep(1_000, "waits")])).toMatchObject({ name: "AbortError" });
});
