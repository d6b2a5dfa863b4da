import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CsvTradesOptions, openCsvTrades } from "@tickfleet/venues/csv/trades";
import { detectFormat } from "@tickfleet/venues/file-source";
import { strToU8, zipSync } from "fflate";
import { afterAll, describe, expect, it } from "vitest";
import { collect, tradesOf } from "./collected.ts";

const folder = mkdtempSync(join(tmpdir(), "csv files "));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const START = Date.UTC(2024, 2, 1) / 1000;
const DAY = 86_400;
let files = 0;

function written(text: string | Uint8Array, name = `file${files++}.csv`): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function eventsOf(paths: string | string[], options: Partial<CsvTradesOptions> = {}) {
  const { events, error } = await collect(await openCsvTrades({ files: [paths].flat(), ...options }));
  if (error !== null) throw error;
  return events;
}

/** Rows of a time, price and size, with more cells behind them. */
const rows = (count: number, from = START, more: (i: number) => string = () => ""): string[] =>
  Array.from({ length: count }, (_, i) => `${from + i},100,1${more(i)}`);

describe("a row with a time that cannot be", () => {
  const refused = async (lines: string[], options: Partial<CsvTradesOptions> = {}): Promise<string[]> => {
    const events = await eventsOf(written(["time,price,size", ...lines].join("\n")), { instrument: "A-B", ...options });
    expect(events.at(-1)).toMatchObject({ kind: "end", timeUs: Math.max(...tradesOf(events).map((trade) => trade.eventTimeUs)) });
    return events.flatMap((event) => (event.kind === "invalid" ? [event.reason.replace(/^\S+ /, "")] : []));
  };

  it("is kept aside with the reason, and the clock does not follow it", async () => {
    const far = `${START + 5 * 365 * DAY},100,1`;
    expect(await refused([...rows(20), far, ...rows(20, START + 20)])).toEqual([
      "row 20: time is 1825 days ahead of every time before it, and the rows after it do not agree: 2029-02-28T00:00:00.000Z",
    ]);
    expect(await refused(["0000000001,100,1", ...rows(20)])).toEqual(["row 0: time is before 1990: 1970-01-01T00:00:01.000Z"]);
    expect(await refused([`${START - 900 * DAY},100,1`, ...rows(20)])).toMatchObject([
      expect.stringMatching(/^row 0: time is 900 days from/),
    ]);
    expect(await refused([...rows(20), ...rows(20, START + 3 * DAY)])).toEqual([]);
    expect(await refused(rows(20), { latestUs: (START + 9) * 1e6 })).toHaveLength(10);
  });
});

describe("the identity of trades", () => {
  const identities = async (text: string, venue: string): Promise<(string | number | null)[][]> =>
    tradesOf(await eventsOf(written(`time,price,size,id\n${text}`, "ids.csv"), { venue, instrument: "BTC-USDT" })).map(
      ({ epoch, sourceSeq, tradeId }) => [epoch.replace(/#\w{8}$/, ""), sourceSeq, tradeId],
    );
  const of = (...ids: (number | string)[]): string => rows(ids.length, START, (i) => `,${ids[i]}`).join("\n");

  it("is the id where the venue numbers its trades, and the ids grow with time", async () => {
    expect(await identities(of(700, 701, 705), "binance")).toEqual([
      ["", 700, "700"],
      ["", 701, "701"],
      ["", 705, "705"],
    ]);
  });

  it.each([
    ["of a venue whose ids are not known to be its numbers", "csv", [700, 701, 705]],
    ["that are the numbers of the rows", "binance", [0, 1, 2]],
    ["that are the numbers of the rows from 1", "binance", [1, 2, 3]],
    ["that come twice", "binance", [700, 700, 701]],
    ["that fall", "binance", [700, 702, 701]],
    ["that are no numbers in some rows", "binance", [700, "x9", 702]],
    ["that are missing in some rows", "binance", [700, "", 702]],
    ["beyond 2^53", "kraken", ["2200000000067341890", "2200000000067341891", "2200000000067341892"]],
  ])("is the row for ids %s, and no trade is lost", async (_, venue, ids) => {
    expect(await identities(of(...ids), venue)).toEqual(ids.map((id, i) => ["ids.csv", i, String(id) || null]));
  });

  it("of two days whose rows are numbered from 0 are not the same", async () => {
    const day = (from: number): string => written(["time,price,size,id", ...rows(200, from, (i) => `,${i}`)].join("\n"));
    const trades = tradesOf(await eventsOf([day(START), day(START + DAY)], { venue: "binance", instrument: "BTC-USDT" }));
    expect(new Set(trades.map(({ epoch, sourceSeq }) => `${epoch} ${sourceSeq}`)).size).toBe(400);
  });
});

describe("files that are not in order of time", () => {
  const openings = (events: Awaited<ReturnType<typeof eventsOf>>) =>
    events.flatMap((event) =>
      event.kind === "open" ? [[event.timeUs / 1e6 - START, event.instruments.map((each) => each.instrument)]] : [],
    );

  it("are sorted: newest first is the same as oldest first, and a file that grows keeps its trades' identity", async () => {
    const lines = Array.from({ length: 2_500 }, (_, i) => `${START + Math.floor(i / 2) * 60},${100 + i},1`);
    const sorted = tradesOf(await eventsOf(written(["time,price,size", ...lines].join("\n")), { instrument: "A-B" }));
    const turned = async (n: number) =>
      tradesOf(await eventsOf(written(["time,price,size", ...lines.slice(0, n).reverse()].join("\n"), "t.csv"), { instrument: "A-B" }));
    const all = await turned(2_500);
    expect(all.map(({ price, sourceSeq, eventTimeUs }) => [price, sourceSeq, eventTimeUs])).toEqual(
      sorted.map(({ price, sourceSeq, eventTimeUs }) => [price, sourceSeq, eventTimeUs]),
    );
    expect(all.slice(0, 1_700)).toEqual(await turned(1_700));
  });

  it("cover every instrument from the first time of the file, however the rows are grouped", async () => {
    const text = ["time,price,size,symbol", ...rows(1_500, START + 2, () => ",A"), ...rows(1_500, START, () => ",B")].join("\n");
    const events = await eventsOf(written(text));
    expect(openings(events)).toEqual([[0, ["A", "B"]]]);
    const times = tradesOf(events).map((trade) => trade.eventTimeUs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const late = ["time,price,size,symbol", ...rows(1_200, START, () => ",A"), `${START + 1_200},5,1,C`].join("\n");
    expect(openings(await eventsOf(written(late)))).toEqual([[0, ["A", "C"]]]);
  });

  it("are merged where they overlap, and parted where a whole day or other instruments lie between", async () => {
    const file = (from: number, symbol: string): string =>
      written(["time,price,size,symbol", ...rows(5, from, () => `,${symbol}`)].join("\n"));
    expect(openings(await eventsOf([file(START, "A"), file(START + 2, "B")]))).toEqual([
      [0, ["A"]],
      [2, ["A", "B"]],
    ]);
    const kinds = async (...paths: string[]): Promise<string[]> =>
      (await eventsOf(paths)).flatMap((event) => (event.kind === "open" || event.kind === "end" ? [event.kind] : []));
    expect(await kinds(file(START + DAY, "A"), file(START, "A"))).toEqual(["open", "end"]);
    expect(await kinds(file(START, "A"), file(START + 3 * DAY, "A"))).toEqual(["open", "end", "open", "end"]);
    expect(openings(await eventsOf([file(START, "A"), file(START + 20, "B")]))).toEqual([
      [0, ["A"]],
      [20, ["B"]],
    ]);
  });

  it("go on from any block too", async () => {
    const text = ["time,price,size,symbol", ...rows(1_500, START + 700, () => ",A").reverse(), "x,1,1,A"].join("\n");
    const paths = [written(text), written(["time,price,size,symbol", ...rows(900, START, () => ",B")].join("\n"))];
    const { blocks } = await collect(await openCsvTrades({ files: paths }));
    expect(blocks.map((block) => block.position)).toEqual([0, 1000, 2000, 2401]);
    for (const [i, block] of blocks.entries())
      expect((await collect(await openCsvTrades({ files: paths }), block.position)).blocks).toEqual(blocks.slice(i));
  });
});

describe("what venues write", () => {
  const spot = "3,42.10000000,2.0,84.2,1709251200123,True,True\n4,42.2,1,42.2,1709251201000,False,True\n";

  it("data.binance.vision's trades, in a zip or not, since 2025 in microseconds", async () => {
    const zip = written(zipSync({ "BTCUSDT-trades-2024-03-01.csv": strToU8(spot) }), "BTCUSDT-trades-2024-03-01.zip");
    expect(await detectFormat(zip)).toBe("csv-trades");
    const events = await eventsOf(zip, { venue: "binance" });
    expect(tradesOf(events)).toMatchObject([
      { instrument: "BTC-USDT", epoch: "", sourceSeq: 3, eventTimeUs: 1709251200123000, flag: "sell", price: { value: 421, scale: 1 } },
      { sourceSeq: 4, flag: "buy" },
    ]);
    const micro = await eventsOf(
      written(spot.replaceAll("1709251200123", "1709251200123456").replaceAll("1709251201000", "1709251201000000")),
    );
    expect(tradesOf(micro)[0]?.eventTimeUs).toBe(1709251200123456);
    const stored = written(zipSync({ "a.csv": [strToU8(spot), { level: 0 }] }), "stored.zip");
    expect(tradesOf(await eventsOf(stored))).toHaveLength(2);
    const two = written(zipSync({ "a.csv": strToU8(spot), "b.csv": strToU8(spot) }), "two.zip");
    await expect(openCsvTrades({ files: [two] })).rejects.toThrow(/two\.zip: expected a zip of one file, found 2 in it/);
  });

  it("its aggregates, which count in an id space of their own", async () => {
    const header = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n";
    const text = "26129,42.1,2,27781,27782,1709251200123,true\n26131,42.2,1,27783,27783,1709251201000,false\n";
    for (const content of [header + text, text]) {
      const [first] = tradesOf(await eventsOf(written(content), { venue: "binance-usdm", instrument: "BTC-USDT-PERP" }));
      expect(first).toMatchObject({ epoch: "aggregate", sourceSeq: 26129, aggregate: true, flag: "sell", size: { value: 2, scale: 0 } });
    }
  });

  it("contracts are known by the venue", async () => {
    const text = `id,price,qty,quote_qty,time,is_buyer_maker\n${spot.replaceAll(/,True\n/g, "\n")}`;
    const opened = async (venue: string, name: string) => (await eventsOf(written(text, name), { venue }))[0];
    expect(await opened("binance-usdm", "ETHUSDT-trades-2024-03-01.csv")).toMatchObject({
      instruments: [{ instrument: "ETH-USDT-PERP", kind: "linear", contractSize: 1 }],
    });
    expect(await opened("binance-coinm", "BTCUSD_PERP-trades-2024-03.csv")).toMatchObject({
      instruments: [{ instrument: "BTC-USD-PERP", kind: "inverse", contractSize: 100 }],
    });
    expect(await opened("binance-coinm", "ETHUSD_PERP-trades-2024-03.csv")).toMatchObject({ instruments: [{ contractSize: 10 }] });
    expect(await opened("binance", "ETHUSDT.csv")).toMatchObject({
      instruments: [{ instrument: "ETH-USDT", kind: "spot", contractSize: 1 }],
    });
  });

  it("anything else, with the columns named", async () => {
    const text = "# export\n\nwhen;px;qty;s\n2024-03-01 12:00:00.5+00;64.000,5;0,25;b\n";
    const path = written(text);
    await expect(openCsvTrades({ files: [path] })).rejects.toThrow(/no column for time.*--columns/);
    const columns = { time: "when", price: "px", size: "qty", side: "s" };
    expect(tradesOf(await eventsOf(path, { columns }))).toMatchObject([
      {
        eventTimeUs: Date.UTC(2024, 2, 1, 12) * 1000 + 500_000,
        price: { value: 640005, scale: 1 },
        flag: "buy",
        size: { value: 25, scale: 2 },
      },
    ]);
  });
});

it("files of days that the calendar does not know are refused, naming what it knows", async () => {
  const path = written("time,price,size\n1995-03-01T15:00:00Z,1,1\n", "old.csv");
  await expect(eventsOf(path, { calendar: "us-equity" })).rejects.toThrow(
    /old\.csv: beyond the calendar us-equity: expected a day from \d{4}-\d\d-\d\d to/,
  );
});
