import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { readTradesBefore } from "../src/history-store.ts";
import { openSurroundings, type Surroundings } from "./harness.ts";

const LANE = 3;

function readBefore({ pool }: Surroundings, seq: number, signal: AbortSignal): Promise<unknown> {
  const read = readTradesBefore(pool, "test", "AAA-USD", 0, 60_000_000, { lane: LANE, generation: null, seq, signal });
  return read.catch((error: unknown) => error);
}

test("the wait for the recorder ends at the signal", async () => {
  await using around = await openSurroundings();
  const abort = new AbortController();
  const outcome = readBefore(around, 5, abort.signal);
  expect(await Promise.race([outcome, sleep(300, "waits")])).toBe("waits");
  abort.abort();
  expect(await Promise.race([outcome, sleep(1_000, "waits")])).toMatchObject({ name: "AbortError" });
});

test("what the recorder has of another stream does not count", async () => {
  await using around = await openSurroundings();
  const { database } = around;
  const recorder = async (stream: string, seq: number): Promise<void> => {
    await database.query("insert into ingest.input_logs (stream_created) values ($1) on conflict do nothing", [stream]);
    await database.query("update ingest.lanes set stream_created = $1, seq = $2 where lane = 0", [stream, seq]);
  };
  await database.query("update aggregator.lanes set stream_created = 'present', seq = 4 where lane = $1", [LANE]);
  await recorder("former", 9);
  const outcome = readBefore(around, 5, AbortSignal.timeout(10_000));
  expect(await Promise.race([outcome, sleep(300, "waits")])).toBe("waits");
  await recorder("present", 3);
  expect(await Promise.race([outcome, sleep(300, "waits")])).toBe("waits");
  await database.query("update ingest.lanes set seq = 4 where lane = 0");
  expect(await outcome).toEqual([]);
});
