import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFileSource } from "@tickfleet/venues/file-source";
import { openLeanTicks } from "@tickfleet/venues/lean/ticks";
import { SourceFileError } from "@tickfleet/venues/source";
import { strFromU8, strToU8, unzipSync, zipSync } from "fflate";
import { afterAll, describe, expect, it } from "vitest";
import { collect, kindsOf, tradesOf } from "./collected.ts";
import { hasRecorded, RECORDED, recordedTitle } from "./recorded.ts";

const folder = mkdtempSync(join(tmpdir(), "lean "));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function zipped(name: string, entries: Record<string, string>): string {
  const path = join(folder, name);
  writeFileSync(path, zipSync(Object.fromEntries(Object.entries(entries).map(([entry, text]) => [entry, strToU8(text)]))));
  return path;
}

const abc = zipped("abc.zip", {
  "20240102_abc_Trade_Tick.csv": "34200000,1000000,100,P,0,0\n34200000,1000000,100,P,0,0\n34260000,1000100,200,Q,0,0\n",
});
const xyz = zipped("xyz.zip", { "20240102_xyz_Trade_Tick.csv": "34200000,500000,10,P,0,0\nbroken\n34230000,500100,20,Q,0,0" });
const next = zipped("next.zip", { "20240103_abc_Trade_Tick.csv": "34200000,1010000,100,P,0,0\r\n" });
const OPEN = Date.UTC(2024, 0, 2, 14, 30) * 1000;

describe("ticks of Lean", () => {
  it("keep equal rows, and are known by file and row", async () => {
    const { events } = await collect(await openLeanTicks({ files: [abc] }));
    expect(events[0]).toMatchObject({ kind: "open", venue: "lean", timeUs: OPEN, consecutiveIds: false, refill: "none" });
    expect(events[0]).toMatchObject({
      instruments: [{ instrument: "ABC", calendar: "us-equity", closeDelayMs: 2000, priceScale: 4, sizeScale: 0 }],
    });
    expect(tradesOf(events).map((trade) => [trade.epoch, trade.sourceSeq, trade.eventTimeUs - OPEN])).toEqual([
      ["20240102_abc_Trade_Tick.csv", 0, 0],
      ["20240102_abc_Trade_Tick.csv", 1, 0],
      ["20240102_abc_Trade_Tick.csv", 2, 60_000_000],
    ]);
    expect(events.at(-1)).toEqual({ kind: "end", timeUs: OPEN + 60_000_000, reason: "end of the file" });
  });

  it("of one day are merged by time, and days follow one another", async () => {
    const { events } = await collect(await openLeanTicks({ files: [next, xyz, abc], venue: "demo-files" }));
    expect(tradesOf(events).map((trade) => `${trade.instrument}${trade.sourceSeq}`)).toEqual([
      "XYZ0",
      "ABC0",
      "ABC1",
      "XYZ2",
      "ABC2",
      "ABC0",
    ]);
    expect(events.filter((event) => event.kind === "open").map((event) => event.instruments.map(({ instrument }) => instrument))).toEqual([
      ["XYZ", "ABC"],
    ]);
    expect(events.filter((event) => event.kind === "invalid")).toMatchObject([
      { raw: "broken", instrument: "XYZ", reason: expect.stringContaining("row 1") },
    ]);
    const times = events.flatMap((event) => (event.kind === "time" ? [event.timeUs] : []));
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it("go on from any block as if they had not stopped", async () => {
    const rows = Array.from({ length: 2_345 }, (_, i) => `${34200000 + i * 10},1000000,${i + 1},P,0,0`).join("\n");
    const files = [zipped("many.zip", { "20240104_abc_Trade_Tick.csv": rows }), next];
    const { blocks } = await collect(await openLeanTicks({ files }));
    expect(blocks.map((block) => block.position)).toEqual([0, 1, 1001, 2001, 2346]);
    for (const [i, block] of blocks.entries())
      expect((await collect(await openLeanTicks({ files }), block.position)).blocks).toEqual(blocks.slice(i));
  });

  it("of crypto are known by their name in the zip", async () => {
    const file = zipped("20180403_trade.zip", { "20180403_btcusd_tick_trade.csv": "100,7425.01,0.5,0\n200,7426,1.25,0\n" });
    const source = await openFileSource({ files: [file] });
    expect([source.venue, await source.instruments?.()]).toEqual(["lean", ["BTC-USD"]]);
    expect(tradesOf((await collect(source)).events)).toMatchObject([
      { price: { value: 742501, scale: 2 } },
      { size: { value: 125, scale: 2 } },
    ]);
  });

  it("of days that the calendar does not know are refused, naming what it knows", async () => {
    const rows = "34200000,1000000,1,P,0,0\n";
    await expect(openLeanTicks({ files: [zipped("old.zip", { "19971226_abc_Trade_Tick.csv": rows })] })).rejects.toThrow(
      /old\.zip: .*expected a day from 1997-12-29 to 2031-01-05/,
    );
    const { events } = await collect(await openLeanTicks({ files: [zipped("1998.zip", { "19980102_abc_Trade_Tick.csv": rows })] }));
    expect(tradesOf(events)[0]?.eventTimeUs).toBe(Date.UTC(1998, 0, 2, 14, 30) * 1000);
  });

  it("that are no trades, or no zip, are refused with the reason", async () => {
    await expect(openLeanTicks({ files: [zipped("q.zip", { "20240102_abc_Quote_Tick.csv": "" })] })).rejects.toThrow(
      /q\.zip: .*holds quotes/,
    );
    const broken = join(folder, "broken.zip");
    writeFileSync(broken, "PK no zip");
    await expect(openLeanTicks({ files: [broken] })).rejects.toThrow(/broken\.zip: not a whole zip/);
    await expect(openLeanTicks({ files: [join(folder, "none.zip")] })).rejects.toThrow(SourceFileError);
    const empty = await collect(await openLeanTicks({ files: [zipped("empty.zip", { "20240102_abc_Trade_Tick.csv": "" })] }));
    expect(String(empty.error)).toMatch(/empty\.zip: no rows to replay/);
    await expect(openLeanTicks({ files: [] })).rejects.toThrow(RangeError);
  });
});

describe.skipIf(!hasRecorded)(recordedTitle, () => {
  const file = (name: string): string => join(RECORDED, "ticks_lean", `${name}.zip`);

  it("SPY of 2013-10-07 has 250,601 rows, of which 47,880 equal an earlier one", async () => {
    const { events } = await collect(await openLeanTicks({ files: [file("equity_spy_20131007_trade")] }));
    const trades = tradesOf(events);
    expect(trades.length).toBe(250_601);
    expect(trades.reduce((sum, trade) => sum + trade.size.value, 0)).toBe(97_062_721);
    const entry = Object.values(unzipSync(readFileSync(file("equity_spy_20131007_trade"))))[0] as Uint8Array;
    const rows = strFromU8(entry).trimEnd().split(/\r?\n/);
    expect(rows.length - new Set(rows).size).toBe(47_880);
    // Exchange and sale condition are not kept: without them more prints look alike.
    const distinct = new Set(trades.map((trade) => `${trade.eventTimeUs} ${trade.price.value} ${trade.size.value}`));
    expect(trades.length - distinct.size).toBe(69_703);
    expect(new Set(trades.map((trade) => trade.sourceSeq)).size).toBe(250_601);
    expect(new Date((trades[0]?.eventTimeUs ?? 0) / 1000).toISOString()).toBe("2013-10-07T08:00:00.464Z");
    expect(kindsOf(events)).toMatchObject({ open: 1, end: 1 });
  });

  it("gold of 2013-10-07 has a contract a month", async () => {
    const { events } = await collect(await openLeanTicks({ files: [file("future_gc_20131007_trade")] }));
    const december = tradesOf(events).filter((trade) => trade.instrument === "GC-201312");
    expect(december.length).toBe(39_702);
    expect(december.reduce((sum, trade) => sum + trade.size.value, 0)).toBe(51_866);
    expect(events.filter((event) => event.kind === "open" || event.kind === "invalid")).toMatchObject([
      { kind: "open", instruments: { length: 10 } },
    ]);
  });

  it("quotes and open interest are refused", async () => {
    await expect(openLeanTicks({ files: [file("equity_aig_20131007_quote")] })).rejects.toThrow(/holds quotes/);
    await expect(openLeanTicks({ files: [file("future_gc_20131007_openinterest")] })).rejects.toThrow(/open interest/);
  });
});
