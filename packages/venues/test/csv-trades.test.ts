import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openCsvTrades } from "@tickfleet/venues/csv/trades";
import { detectFormat, openFileSource } from "@tickfleet/venues/file-source";
import { SourceFileError } from "@tickfleet/venues/source";
import { afterAll, describe, expect, it } from "vitest";
import { collect, kindsOf, tradesOf } from "./collected.ts";
import { fixture, hasRecorded, RECORDED, recordedTitle } from "./recorded.ts";

const folder = mkdtempSync(join(tmpdir(), "csv "));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string, bytes: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe("trades of a CSV file", () => {
  it("are named after the file, and known by their rows", async () => {
    const { events } = await collect(await openCsvTrades({ files: [fixture("ETH-USD.csv")] }));
    expect(events[0]).toMatchObject({ kind: "open", venue: "csv", timeUs: 1704164645123456, consecutiveIds: false });
    expect(events[0]).toMatchObject({ instruments: [{ instrument: "ETH-USD", priceScale: 2, sizeScale: 3, calendar: "crypto" }] });
    expect(tradesOf(events).map(({ sourceSeq, tradeId, flag, eventTimeNsRest }) => [sourceSeq, tradeId, flag, eventTimeNsRest])).toEqual([
      [0, "1", "buy", 789],
      [1, "2", "sell", 0],
      [3, "4", null, 0],
    ]);
    expect(events.filter((event) => event.kind === "invalid")).toMatchObject([
      { raw: "1704164645,2300.4,0.0,buy,3", reason: expect.stringContaining("ETH-USD.csv row 2") },
    ]);
    expect(events.at(-1)).toMatchObject({ kind: "end", timeUs: 1704164646500000 });
  });

  it("may name several instruments, and be compressed", async () => {
    const file = written("mixed.csv.gz", gzipSync("time,symbol,price,size\n1704164645,A-B,1.5,2\n1704164646,C-D,1.25,3\n"));
    const { events } = await collect(await openFileSource({ files: [file], venue: "mine", calendar: "us-equity" }));
    expect(events[0]).toMatchObject({
      venue: "mine",
      instruments: [
        { instrument: "A-B", calendar: "us-equity" },
        { instrument: "C-D", priceScale: 2 },
      ],
    });
    expect(tradesOf(events).map((trade) => [trade.epoch.replace(/#\w{8}$/, ""), trade.sourceSeq])).toEqual([
      ["mixed.csv.gz", 0],
      ["mixed.csv.gz", 1],
    ]);
  });

  it("with a control character in their symbol are refused, and their instrument is none of the file's", async () => {
    const rows = ["1704164645,A-B,1,2", "1704164646,A\0B,1,2", "1704164647,A\u0085B,1,2", "1704164648,A-B,1,2"];
    const { events } = await collect(await openCsvTrades({ files: [written("nul.csv", `time,symbol,price,size\n${rows.join("\n")}`)] }));
    expect(events[0]).toMatchObject({ kind: "open", instruments: [{ instrument: "A-B" }] });
    expect(tradesOf(events).map(({ instrument, sourceSeq }) => [instrument, sourceSeq])).toEqual([
      ["A-B", 0],
      ["A-B", 3],
    ]);
    expect(events.filter((event) => event.kind === "invalid")).toMatchObject([
      { raw: rows[1], reason: expect.stringContaining("row 1: symbol: expected an instrument of letters") },
      { raw: rows[2], reason: expect.stringContaining("row 2") },
    ]);
  });

  it("are set aside where their symbol could not be asked for in a channel", async () => {
    const rows = ["A-B", "A:B", "*", "a b", "A-B"].map((symbol, i) => `${1704164645 + i},${symbol},1.5,2`);
    const { events } = await collect(
      await openCsvTrades({ files: [written("symbols.csv", ["time,symbol,price,size", ...rows].join("\n"))] }),
    );
    expect(tradesOf(events).map(({ instrument, sourceSeq }) => [instrument, sourceSeq])).toEqual([
      ["A-B", 0],
      ["A-B", 4],
    ]);
    const reasons = events.flatMap((event) => (event.kind === "invalid" ? [event.reason] : []));
    expect(reasons).toHaveLength(3);
    expect(reasons[0]).toMatch(/^symbols\.csv row 1: symbol: expected an instrument of letters, .*, found "A:B"$/);
  });

  it("need an instrument's name where the file's own is none", async () => {
    const file = written("my trades (1).csv", "time,price,size\n1704164645,1,1\n");
    await expect(openCsvTrades({ files: [file] })).rejects.toThrow(/my trades \(1\)\.csv: no column names .*: name it with --instrument/);
    expect((await openCsvTrades({ files: [file], instrument: "A-B" })).venue).toBe("csv");
  });

  it("of many days may be called alike: their rows are told apart", async () => {
    const epochs: string[] = [];
    for (const day of [1704164645, 1704251045]) {
      const { events } = await collect(
        await openCsvTrades({ files: [written("trades.csv", `time,price,size\n${day},1,1`)], instrument: "A-B" }),
      );
      epochs.push(...tradesOf(events).map((trade) => trade.epoch));
    }
    expect(new Set(epochs).size).toBe(2);
  });

  it("go on from any block as if they had not stopped", async () => {
    const rows = (from: number): string => Array.from({ length: 1_500 }, (_, i) => `${1704164645 + from + i},${1 + i},1`).join("\n");
    const files = [written("a.csv", `time,price,size\n${rows(0)}`), written("b.csv", rows(1_500))];
    const { blocks, events } = await collect(await openCsvTrades({ files, instrument: "A-B" }));
    expect(
      tradesOf(events)
        .map((trade) => `${trade.epoch.replace(/#\w{8}$/, "")}${trade.sourceSeq}`)
        .slice(1_498, 1_502),
    ).toEqual(["a.csv1498", "a.csv1499", "b.csv0", "b.csv1"]);
    for (const [i, block] of blocks.entries()) {
      expect((await collect(await openCsvTrades({ files, instrument: "A-B" }), block.position)).blocks).toEqual(blocks.slice(i));
    }
  });

  it("need a header that says what is where", async () => {
    await expect(openCsvTrades({ files: [written("candles.csv", "open,high,low,close\n1,2,3,4\n")] })).rejects.toThrow(
      /candles\.csv: the file looks like candles/,
    );
  });
});

describe("the format of a file", () => {
  it("is told by its content", async () => {
    expect(await detectFormat(fixture("ETH-USD.csv"))).toBe("csv-trades");
    expect(await detectFormat(fixture("binance-spot-capture.txt"))).toBe("binance-capture");
    expect(await detectFormat(join(folder, "anything.zip"))).toBe("lean-ticks");
    await expect(detectFormat(written("words", "words\n"))).rejects.toThrow(SourceFileError);
    await expect(detectFormat(written("nothing", ""))).rejects.toThrow(SourceFileError);
    await expect(openFileSource({ files: [] })).rejects.toThrow(RangeError);
  });
});

describe.skipIf(!hasRecorded)(recordedTitle, () => {
  it("a file of bare numbers has its 9,998 trades, and one row without a size", async () => {
    const source = await openFileSource({
      files: [join(RECORDED, "ticks_other/bitstamp_btcusd_trades_a.csv.gz")],
      venue: "bitstamp",
      instrument: "BTC-USD",
    });
    const { events } = await collect(source);
    expect(kindsOf(events)).toMatchObject({ open: 1, trade: 9_998, invalid: 1, end: 1 });
  });
});
