import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Spool, type SpoolOptions } from "./spool.ts";
import { SpoolCursor } from "./spool-cursor.ts";
import { SpoolDamagedError } from "./spool-segment.ts";

let folder: string;
let open: Spool[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spool-"));
});
afterEach(() => {
  for (const spool of open) spool.close();
  open = [];
  rmSync(folder, { recursive: true });
});

function openSpool(options: Partial<SpoolOptions> = {}): Spool {
  const spool = new Spool({ folder, maxBytes: 1e9, onError: (error) => expect.unreachable(String(error)), ...options });
  open.push(spool);
  return spool;
}

function append(spool: Spool, count: number, bytes = 10): void {
  for (let i = 0; i < count; i++) {
    const index = (spool.sourceState("s")?.lastIndex ?? 0) + 1;
    spool.append("s", index, { subject: `to.${index}`, data: new Uint8Array(bytes).fill(index) }, index % 2 ? { H: "1" } : undefined);
  }
  spool.commit();
}

function numbers(spool: Spool, from = 1): number[] {
  using cursor = new SpoolCursor(spool);
  cursor.seek(from);
  const found: number[] = [];
  for (let taken = cursor.take(3, 1e6); taken.length > 0; taken = cursor.take(3, 1e6)) found.push(...taken.map((message) => message.n));
  return found;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

test("messages come back in order with subject, headers and bytes, over restarts", () => {
  const first = openSpool();
  first.keepState("s", 0, 0, "{}");
  append(first, 5);
  expect(numbers(first)).toEqual(range(1, 5));
  const second = openSpool();
  expect(second.id).toBe(first.id);
  append(second, 2);
  expect(numbers(second, 4)).toEqual([4, 5, 6, 7]);
  using cursor = new SpoolCursor(second);
  cursor.seek(6);
  expect(cursor.take(2, 1e6)).toEqual([
    { n: 6, subject: "to.6", headers: {}, data: new Uint8Array(10).fill(6) },
    { n: 7, subject: "to.7", headers: { H: "1" }, data: new Uint8Array(10).fill(7) },
  ]);
});

test("a cut at any byte loses only what was not whole, state and messages alike", () => {
  const spool = openSpool();
  spool.keepState("s", 0, 0, "zero");
  append(spool, 3);
  spool.keepState("s", 7, 3, "three");
  append(spool, 2);
  const file = join(folder, readdirSync(folder).find((name) => name.endsWith(".spool")) as string);
  const whole = readFileSync(file);
  for (let length = whole.length; length >= 0; length -= 7) {
    for (const name of readdirSync(folder).filter((each) => each.endsWith(".spool"))) rmSync(join(folder, name));
    writeFileSync(file, whole.subarray(0, length));
    const again = new Spool({ folder, maxBytes: 1e9, onError: () => undefined });
    const state = again.sourceState("s");
    expect(numbers(again)).toEqual(range(1, again.lastN));
    if (state !== null) expect(state.lastIndex).toBe(again.lastN);
    expect([undefined, "zero", "three"]).toContain(state?.state);
    if (state?.state === "three") expect(state).toMatchObject({ position: 7, index: 3 });
    append(again, 1);
    expect(again.lastN).toBe(numbers(again).length);
    again.close();
  }
});

test("a damaged record in the last file ends it, in an earlier one it is an error", () => {
  const first = openSpool();
  append(first, 4);
  const file = join(folder, readdirSync(folder).find((name) => name.endsWith(".spool")) as string);
  appendFileSync(file, "rubbish that is long enough to be a frame");
  const second = openSpool();
  expect(second.lastN).toBe(4);
  append(second, 1);
  truncateSync(file, 100);
  expect(() => openSpool()).toThrow(SpoolDamagedError);
});

test("what a process wrote after another took over does not count", () => {
  const zombie = openSpool({ segmentBytes: 1_000 });
  append(zombie, 2);
  const heir = openSpool();
  append(heir, 5, 20);
  for (let i = 0; i < 3; i++) append(zombie, 1, 1_000);
  const next = openSpool();
  expect(numbers(next)).toEqual(range(1, 7));
  using cursor = new SpoolCursor(next);
  cursor.seek(3);
  expect(cursor.take(9, 1e6).map((message) => message.data.length)).toEqual([20, 20, 20, 20, 20]);
});

test("acknowledged files go when they are old or room is needed; the state of a source is in the newest", async () => {
  const spool = openSpool({ segmentBytes: 1_000, keepMs: 0 });
  spool.keepState("s", 3, 0, "state");
  for (let i = 0; i < 10; i++) append(spool, 5, 100);
  expect(spool.segments.length).toBeGreaterThan(4);
  spool.acknowledge(22, 22, "t");
  expect(spool.firstN).toBeGreaterThan(5);
  expect(spool.firstN).toBeLessThanOrEqual(22);
  expect(numbers(spool, 23)).toEqual(range(23, 50));
  spool.acknowledge(50, 50, "t");
  expect(spool.segments).toHaveLength(1);
  spool.close();
  open = [];
  const again = openSpool();
  expect(again.sourceState("s")).toEqual({ position: 3, index: 0, lastIndex: 50, state: "state" });
  expect(again.acknowledged).toEqual({ n: 50, seq: 50, created: "t" });
  expect(again.lastN).toBe(50);
});

test.each([{ keepMs: 0 }, { maxBytes: 1_000 }])("a spool that is killed just after its start keeps all states with %j", (options) => {
  const first = openSpool();
  first.keepState("s", 3, 0, "state");
  append(first, 50, 100);
  first.acknowledge(49, 49, "t");
  const killed = openSpool(options);
  killed.acknowledge(50, 50, "t");
  expect(killed.segments).toHaveLength(1);
  const again = openSpool();
  expect(again.sourceState("s")).toEqual({ position: 3, index: 0, lastIndex: 50, state: "state" });
  expect(again.lastN).toBe(50);
});

test("a full spool makes sources wait until messages are acknowledged", async () => {
  const spool = openSpool({ maxBytes: 5_000, segmentBytes: 1_000 });
  for (let i = 0; i < 8; i++) append(spool, 5, 100);
  expect(spool.full).toBe(true);
  let free = false;
  const waiting = spool.room(new AbortController().signal).then(() => {
    free = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(free).toBe(false);
  spool.acknowledge(30, 30, "t");
  await waiting;
  expect(numbers(spool, 31)).toEqual(range(31, 40));
});

test("a source that waits for room goes on at the signal", async () => {
  const spool = openSpool({ maxBytes: 5_000, segmentBytes: 1_000 });
  for (let i = 0; i < 8; i++) append(spool, 5, 100);
  const stopping = new AbortController();
  const waiting = spool.room(stopping.signal);
  stopping.abort();
  await waiting;
  expect(spool.full).toBe(true);
});

test.each(["empty", "lost", "of an earlier day"])("messages outlive a generation file that is %s", (fault) => {
  for (let i = 0; i < 3; i++) append(openSpool(), 5);
  const file = join(folder, "generation");
  if (fault === "lost") rmSync(file);
  else writeFileSync(file, fault === "empty" ? "" : "1");
  append(openSpool(), 5);
  expect(numbers(openSpool())).toEqual(range(1, 20));
});

test("an empty name is no name", () => {
  openSpool();
  writeFileSync(join(folder, "spool-id"), "");
  expect(openSpool().id).toMatch(/^[\da-f-]{36}$/);
});

test("a source that is forgotten stays forgotten", () => {
  const spool = openSpool();
  spool.keepState("s", 3, 0, "state");
  append(spool, 1);
  spool.forget("s");
  expect(openSpool().sources()).toEqual([]);
});
