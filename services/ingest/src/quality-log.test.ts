import { expect, test } from "vitest";
import { MOST_WAITING, QualityLog } from "./quality-log.ts";

const entry = { timeUs: 1, venue: "v", instrument: "i", reason: "r", raw: "x", source: "s", key: "s:1" };

test("whoever waits for rows that the database does not take goes on at the signal", async () => {
  const log = new QualityLog({ insert: () => Promise.reject(new Error("away")), onError: () => undefined });
  log.add(entry);
  const stopping = new AbortController();
  const waiting = log.flushed(stopping.signal);
  stopping.abort();
  await waiting;
  await log.flushed(stopping.signal);
});

test("rows are in the database when the wait for them ends", async () => {
  const rows: unknown[] = [];
  const log = new QualityLog({ insert: async (entries) => void rows.push(...entries), onError: () => undefined });
  log.add(entry);
  await log.flushed(new AbortController().signal);
  expect(rows).toEqual([entry]);
});

test("every input is counted when it comes, and what cannot be kept is told, once for each time that the database is away", async () => {
  let added = 0;
  const dropped: boolean[] = [];
  const taken: unknown[] = [];
  let database = Promise.withResolvers<void>();
  const log = new QualityLog({
    insert: (entries) => database.promise.then(() => void taken.push(...entries)),
    onError: () => undefined,
    onAdded: () => {
      added += 1;
    },
    onDropped: (first) => dropped.push(first),
  });
  for (let round = 1; round <= 2; round++) {
    for (let i = 0; i < MOST_WAITING + 3; i++) log.add({ ...entry, key: null });
    expect(added).toBe(round * (MOST_WAITING + 3));
    expect(dropped.slice(-3)).toEqual([true, false, false]);
    database.resolve();
    await log.flushed(new AbortController().signal);
    expect(taken).toHaveLength(round * MOST_WAITING);
    database = Promise.withResolvers<void>();
  }
});
