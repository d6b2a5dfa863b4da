import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { openCapture } from "@tickfleet/venues/binance/capture";
import { detectMarket } from "@tickfleet/venues/binance/capture-survey";
import { marketOfVenue } from "@tickfleet/venues/binance/symbols";
import { SourceFileError } from "@tickfleet/venues/source";
import { afterAll, describe, expect, it } from "vitest";
import { collect, kindsOf, tradesOf, volumeOf } from "./collected.ts";
import { fixture, hasRecorded, RECORDED, recordedTitle } from "./recorded.ts";

const folder = mkdtempSync(join(tmpdir(), "captures "));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string, bytes: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe("a capture", () => {
  it("tells trades, quotes, the time, and what it cannot read, in order", async () => {
    const source = await openCapture({ files: [fixture("binance-spot-capture.txt")] });
    const { events, error } = await collect(source);
    expect(error).toBeNull();
    expect(source).toMatchObject({ venue: "binance", connection: "replay" });
    expect(events[0]).toMatchObject({ kind: "open", timeUs: 1900000001300000, consecutiveIds: true, refill: "none" });
    expect(events[0]).toMatchObject({ instruments: [{ instrument: "BTC-USDT", priceScale: 2, sizeScale: 4 }, { instrument: "ETH-USDT" }] });
    expect(events.map((event) => event.kind).slice(1)).toEqual([
      "ignored",
      "time",
      "quote",
      "trade",
      "time",
      "trade",
      "ignored",
      "invalid",
      "invalid",
      "invalid",
      "ignored",
      "time",
      "trade",
      "time",
      "end",
    ]);
    expect(events.filter((event) => event.kind === "invalid")).toMatchObject([
      { instrument: "BTC-USDT", reason: 'p: expected price above 0, found "0.00000000"' },
      { instrument: null, raw: expect.stringContaining('"E":19000000') },
      { instrument: null, raw: "not a line of a capture" },
    ]);
    expect(events.at(-1)).toMatchObject({ kind: "end", timeUs: 1900000001500000 });
    expect(tradesOf(events)[0]).toMatchObject({ epoch: "", sourceSeq: 700001, tradeId: "700001", receivedTimeUs: 1900000000150000 });
  });

  it("sets aside symbols that could not be asked for in a channel", async () => {
    const text = readFileSync(fixture("binance-spot-capture.txt"), "utf8");
    const source = await openCapture({ files: [written("symbols.txt", text.replaceAll("BTCUSDT", "B:USDT"))] });
    const { events } = await collect(source);
    expect(await source.instruments?.()).toEqual(["ETH-USDT"]);
    expect(events[0]).toMatchObject({ instruments: [{ instrument: "ETH-USDT" }] });
    const fault = 'symbol: expected an instrument of letters, digits and . _ - / + = ^ @ # & $, at most 64 characters, found "B:-USDT"';
    expect(events.filter((event) => event.kind === "invalid" && event.reason === fault)).not.toEqual([]);
    expect(tradesOf(events).filter(({ instrument }) => instrument !== "ETH-USDT")).toEqual([]);
  });

  it("shows its market by the shape of its messages, unless the venue is named", async () => {
    const usdm = await openCapture({ files: [fixture("binance-usdm-capture.txt")] });
    const coinm = await openCapture({ files: [fixture("binance-coinm-capture.txt")] });
    expect([usdm.venue, coinm.venue]).toEqual(["binance-usdm", "binance-coinm"]);
    const [opening] = (await collect(coinm)).events;
    expect(opening).toMatchObject({ instruments: [{ instrument: "ETH-USD-PERP", kind: "inverse", contractSize: 10 }] });
    expect(kindsOf((await collect(usdm)).events)).toMatchObject({ trade: 1, quote: 1, ignored: 1 });
    const named = await openCapture({ files: [fixture("binance-usdm-capture.txt")], venue: "binance" });
    expect((await collect(named)).events[0]).toMatchObject({ venue: "binance", instruments: [{ instrument: "BTC-USDT", kind: "spot" }] });
    await expect(openCapture({ files: [fixture("binance-usdm-capture.txt")], venue: "kraken" })).rejects.toThrow(RangeError);
  });

  it("of several files is one connection, opened again only where instruments are added", async () => {
    const lines = readFileSync(fixture("binance-spot-capture.txt"), "utf8").trimEnd().split("\n");
    const first = written("first.txt", `${lines.slice(0, 4).join("\n")}\n`);
    const second = written("second.txt", lines.slice(4, 9).join("\r\n"));
    const third = written("third.txt.gz", gzipSync(lines.slice(9).join("\n")));
    const { events } = await collect(await openCapture({ files: [first, second, third] }));
    const whole = await collect(await openCapture({ files: [fixture("binance-spot-capture.txt")] }));
    expect(tradesOf(events)).toEqual(tradesOf(whole.events));
    expect(events.filter((event) => event.kind === "open").map((event) => event.instruments.length)).toEqual([1, 2]);
    expect(events.filter((event) => event.kind === "end").length).toBe(1);
  });

  it("lists every instrument from its first line, wherever its own first trade stands, and refuses times that cannot be", async () => {
    const at = Date.UTC(2024, 2, 1);
    const line = (symbol: string, id: number, ms: number, more = ""): string =>
      `${at + ms} {"data": {"e": "trade", "E": ${at + ms}, "T": ${at + ms}, "s": "${symbol}", "t": ${id}, "p": "1.25", "q": "2", "m": true${more}}, "stream": "x"}`;
    const lines = Array.from({ length: 1_500 }, (_, i) => line("BTCUSDT", i + 1, i * 100));
    lines.splice(700, 0, line("BTCUSDT", 9_000, 5 * 365 * 86_400_000));
    const source = await openCapture({ files: [written("late.txt", [...lines, line("ETHUSDT", 1, 150_000)].join("\n"))] });
    expect(await source.instruments?.()).toEqual(["BTC-USDT", "ETH-USDT"]);
    const { events } = await collect(source);
    const opened = events.flatMap((event) => (event.kind === "open" ? [event] : []));
    expect(opened).toMatchObject([
      { timeUs: at * 1000, instruments: [{ instrument: "BTC-USDT", priceScale: 2 }, { instrument: "ETH-USDT" }] },
    ]);
    expect(tradesOf(events)).toHaveLength(1_501);
    expect(events.filter((event) => event.kind === "invalid")).toMatchObject([
      { instrument: "BTC-USDT", reason: expect.stringMatching(/^time is 1825 days ahead/), taken: { sourceSeq: 9_000 } },
    ]);
    expect(events.at(-1)).toMatchObject({ kind: "end", timeUs: (at + 150_000) * 1000 });
  });

  it.each([
    [
      "binance-usdm",
      '{"e": "trade", "E": 1709251200000, "T": 1709251200000, "s": "BTCUSDT", "t": 1, "p": "1", "q": "1", "X": "MARKET", "m": true}',
    ],
    ["binance-coinm", '{"stream": "x", "data": {"e": "depthUpdate", "s": "BTCUSD_240927", "pu": 1}}'],
    ["binance-usdm", '{"stream": "x", "data": {"e": "depthUpdate", "s": "BTCUSDT_240927", "U": 1}}'],
    ["binance", '{"stream": "x", "data": {"u": 1, "s": "PSUSDT", "b": "1", "B": "1", "a": "2", "A": "1", "note": "\\"ps\\":\\"_PERP"}}'],
  ])("is of %s by what its messages are, not by how they are spaced", async (venue, message) => {
    expect(await detectMarket(written("spaced.txt", `1709251200000 ${message}\n`))).toBe(marketOfVenue(venue));
  });

  it("has receive times of milliseconds, microseconds or nanoseconds", async () => {
    const message = '{"e":"trade","E":1709251200000,"T":1709251200000,"s":"BTCUSDT","t":1,"p":"1","q":"1","m":true}';
    const stamps = ["1709251200123", "1709251200123456", "1709251200123456789", "17092512001234567", "1709251200"];
    const text = stamps.map((stamp) => `${stamp} ${message}`).join("\n");
    const { events } = await collect(await openCapture({ files: [written("stamps.txt", text)] }));
    expect(tradesOf(events).map((trade) => trade.receivedTimeUs)).toEqual([1709251200123000, 1709251200123456, 1709251200123456]);
    expect(events.filter((event) => event.kind === "invalid")).toMatchObject([{ reason: expect.stringContaining("13 digits") }, {}]);
  });

  it("tells which id an execution took that is no trade", async () => {
    const { events } = await collect(await openCapture({ files: [fixture("binance-usdm-capture.txt")] }));
    expect(events.filter((event) => event.kind === "ignored")).toEqual([
      { kind: "ignored", what: "trade-NA", taken: { instrument: "BTC-USDT-PERP", sourceSeq: 9002, timeUs: 1900000001460000 } },
    ]);
  });

  it("goes on from any block as if it had not stopped", async () => {
    const [line] = readFileSync(fixture("binance-spot-capture.txt"), "utf8").split("\n").slice(2, 3) as [string];
    const many = Array.from({ length: 2_500 }, (_, i) =>
      line.replace("700001", String(700001 + i)).replaceAll("1900000001", String(1900000001 + i)),
    );
    const files = [written("many-a.txt", many.slice(0, 1_200).join("\n")), written("many-b.txt", many.slice(1_200).join("\n"))];
    const { blocks } = await collect(await openCapture({ files }));
    expect(blocks.map((block) => block.position)).toEqual([0, 1000, 1200, 2200, 2500]);
    for (const [i, block] of blocks.entries()) {
      expect((await collect(await openCapture({ files }), block.position)).blocks).toEqual(blocks.slice(i));
    }
  });

  it("that is damaged counts as far as it goes, and the error names the file and the place", async () => {
    const [line] = readFileSync(fixture("binance-spot-capture.txt"), "utf8").split("\n").slice(2, 3) as [string];
    const text = Array.from({ length: 5_000 }, (_, i) => line.replace("700001", String(700001 + i * 7919))).join("\n");
    const whole = gzipSync(text);
    const cut = written("cut.txt.gz", whole.subarray(0, Math.floor(whole.length / 2)));
    const { events, error } = await collect(await openCapture({ files: [cut, fixture("binance-spot-capture.txt")] }));
    expect(error).toBeInstanceOf(SourceFileError);
    expect(String(error)).toMatch(/cut\.txt\.gz: cannot be read beyond byte \d+ of \d+: the compressed data ends in the middle/);
    const trades = tradesOf(events);
    expect(trades.length).toBeGreaterThan(1_000);
    expect(trades.length).toBeLessThan(5_000);
    expect(trades.at(-1)).toMatchObject({ instrument: "ETH-USDT" });
    expect(events.at(-1)).toMatchObject({ kind: "end", reason: expect.stringContaining("cut.txt.gz") });
    expect(gunzipSync(whole).length).toBe(text.length);
  });

  it("that is not there, or has nothing in it, is an error at once", async () => {
    await expect(openCapture({ files: [join(folder, "none.txt")] })).rejects.toThrow(/none\.txt: no such file/);
    await expect(openCapture({ files: [folder] })).rejects.toThrow(/not a file/);
    expect((await collect(await openCapture({ files: [written("empty.txt", "")] }))).error).toBeInstanceOf(SourceFileError);
    expect(
      (await collect(await openCapture({ files: [written("stub.gz", gzipSync("x").subarray(0, 9))], venue: "binance" }))).error,
    ).toBeInstanceOf(SourceFileError);
  });
});

describe.skipIf(!hasRecorded)(recordedTitle, () => {
  const file = (name: string): string => join(RECORDED, "crypto_ws", `binance_${name}.txt.gz`);

  it("both spot captures have 19,904 trades and the known volumes, to the last digit", async () => {
    const { events } = await collect(await openCapture({ files: [file("spot_btcusdt_20240808"), file("spot_btcusdt_20240809")] }));
    const trades = tradesOf(events);
    expect(trades.length).toBe(9_757 + 10_147);
    expect(volumeOf(trades, "buy")).toBe(204_49112000n);
    expect(volumeOf(trades, "sell")).toBe(233_42440000n);
    expect(kindsOf(events)).toMatchObject({ open: 1, end: 1, quote: 28_040 + 45_134, ignored: 6_496 });
    for (let i = 1; i < trades.length; i++)
      if (trades[i]?.sourceSeq !== (trades[i - 1]?.sourceSeq ?? 0) + 1) throw new Error(`ids break at ${i}`);
  });

  it.each([
    ["usdm_btcusdt_20240808", "binance-usdm", 21_313, 66_089, 2429_36600000n],
    ["cm_btcusd_perp_20240808", "binance-coinm", 2_286, 19_136, 83241_00000000n],
    ["cm_btcusd_perp_20240809", "binance-coinm", 2_949, 29_219, 98942_00000000n],
  ])("%s is of %s with %i trades", async (name, venue, trades, quotes, volume) => {
    const source = await openCapture({ files: [file(name)] });
    const { events } = await collect(source);
    expect(source.venue).toBe(venue);
    expect(kindsOf(events)).toMatchObject({ trade: trades, quote: quotes });
    expect(volumeOf(tradesOf(events), "buy") + volumeOf(tradesOf(events), "sell")).toBe(volume);
    expect(events.some((event) => event.kind === "invalid" || (event.kind === "ignored" && event.what === "unknown"))).toBe(false);
  });
});
