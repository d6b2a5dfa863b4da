import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isLong } from "@tickfleet/testkit/long-form";
import { tcpProxy } from "@tickfleet/testkit/tcp-proxy";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFixture, type IngestFixture } from "./ingest-process.ts";

const TRADES = isLong ? 20_000 : 8_000;
const SPOOLED_BYTES = TRADES * 100;
const LONGEST_MS = 25_000;
let fixture: IngestFixture;
let file: string;

beforeEach(async () => {
  fixture = await createFixture();
  file = join(fixture.spoolFolder, "A-B.csv");
  const row = (_: unknown, i: number): string => `${1_704_164_645 + i},${100 + (i % 50)},1,buy,${i + 1}\n`;
  writeFileSync(file, `time,price,size,side,id\n${Array.from({ length: TRADES }, row).join("")}`);
});
afterEach(async () => {
  await fixture.close();
});

function spooledBytes(): number {
  const sizes = readdirSync(fixture.spoolFolder).map((name) =>
    name.endsWith(".spool") ? statSync(join(fixture.spoolFolder, name)).size : 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Ends the process in the middle of the replay, as an operator does; the job goes on after the next start. */
async function stopped(): Promise<void> {
  const startMs = performance.now();
  expect(await fixture.stop(), fixture.log.slice(-5).join("\n")).toBe(0);
  expect(performance.now() - startMs).toBeLessThan(LONGEST_MS);
}

async function goesOn(): Promise<void> {
  await fixture.start();
  expect(await fixture.replay("job", [file])).toMatchObject({ state: "done", trades: TRADES, recorded: TRADES });
}

test("a replay that waits for a broker that is away does not keep the process from ending", async () => {
  await fixture.start();
  await fixture.command("replay", { id: "job", files: [file], speed: "max" });
  await fixture.nats.kill();
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  await stopped();
  await fixture.nats.start();
  await goesOn();
});

test("a replay whose messages are not stored yet does not keep the process from ending", async () => {
  await using broker = await tcpProxy(fixture.nats.url);
  await fixture.start({ NATS_URL: broker.urlFor(fixture.nats.url) });
  await fixture.command("replay", { id: "job", files: [file], speed: "max" });
  broker.stall();
  // All of the file is spooled when the spool has stopped growing for a while.
  let bytes = -1;
  for (let before = -2; bytes !== before || bytes < SPOOLED_BYTES; ) {
    before = bytes;
    await new Promise((resolve) => setTimeout(resolve, 100));
    bytes = spooledBytes();
  }
  const { lastSeq } = await fixture.bus.streamPosition("MARKET");
  // every row is in a second, and so in a message, of its own
  expect(lastSeq).toBeLessThan(TRADES);
  await broker.restore();
  await stopped();
  await goesOn();
});
