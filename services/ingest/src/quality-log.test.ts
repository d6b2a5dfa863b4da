import { expect, test } from "vitest";
import { QualityLog } from "./quality-log.ts";

const entry = { timeUs: 1, venue: "v", instrument: "i", reason: "r", raw: "x", source: "s", key: "s:1" };

test("whoever waits for rows that the database does not take goes on at the signal", async () => {
  const log = new QualityLog(
    () => Promise.reject(new Error("away")),
    () => undefined,
  );
  log.add(entry);
  const stopping = new AbortController();
  const waiting = log.flushed(stopping.signal);
  stopping.abort();
  await waiting;
  await log.flushed(stopping.signal);
});

test("rows are in the database when the wait for them ends", async () => {
  const rows: unknown[] = [];
  const log = new QualityLog(
    async (entries) => void rows.push(...entries),
    () => undefined,
  );
  log.add(entry);
  await log.flushed(new AbortController().signal);
  expect(rows).toEqual([entry]);
});
