import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { isLong } from "@tickfleet/testkit/long-form";
import { startNats } from "@tickfleet/testkit/nats";
import { sharedPath, sharedTitle } from "@tickfleet/testkit/shared-folder";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FleetRun, runCommand, runHere, startFleetRun } from "./fleet-run.ts";
import { buildPlainCandles, cryptoDays, newYorkSummerDays, PLAIN_TIMEFRAMES, type PlainCandle } from "./plain-candles.ts";
import { readCapture, readGzip, readLeanTrades, readZipRows } from "./raw-files.ts";
import { sampleCapture } from "./sample-capture.ts";

const SPOT = ["08", "09"].map((day) => sharedPath(`data/crypto_ws/binance_spot_btcusdt_202408${day}.txt.gz`));
/** A day of New York as its file tells it: rows, how many of them repeat an earlier one, shares. Patterns and signals: at least so many. */
const EQUITIES = {
  AIG: { rows: 25_351, repeated: 4_510, shares: 5_300_449, patterns: 1_000, signals: 20 },
  SPY: { rows: 250_601, repeated: 47_880, shares: 97_062_721, patterns: 2_000, signals: 40 },
};
/** The short form takes the file that is a tenth as long. */
const EQUITY = isLong ? "SPY" : "AIG";
const EQUITY_FILE = sharedPath(`data/ticks_lean/equity_${EQUITY.toLowerCase()}_20131007_trade.zip`);
const hasData = [...SPOT, EQUITY_FILE].every((path) => existsSync(path));
const title = (text: string): string => sharedTitle(text, ...SPOT, EQUITY_FILE);

interface Summary {
  trades: number;
  recorded: number;
  quarantined: number;
  quarantineReasons: { reason: string; count: number; example: string }[];
  outsideSession: number;
  firstTime: number;
  lastTime: number;
  candles: Record<string, number>;
  indicators: number;
  patterns: number;
  signals: number;
  seconds: number;
  tradesPerSecond: number;
  latencyMs: Record<string, { p50: number; p99: number }>;
  error?: string;
}

let folder: string;
let fleet: FleetRun;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tickfleet replay "));
  fleet = await startFleetRun();
});

afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** One replay by the command, whose output must be one line of JSON. */
async function replay(run: FleetRun, ...args: string[]): Promise<Summary> {
  const { code, stdout, stderr } = await runHere(["replay", ...args, "--json", "--data", run.address.data]);
  // on a machine with much else to do it says what it waits for
  expect(stderr.replace(/^storing what was derived: .*\n/gm, "")).toBe("");
  expect(code).toBe(0);
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
  return JSON.parse(stdout) as Summary;
}

async function candlesOf(run: FleetRun, venue: string, instrument: string, timeframe: string): Promise<PlainCandle[]> {
  const { rows } = await run.pool.query<PlainCandle>(
    "select * from aggregator.pub_candles where venue = $1 and instrument = $2 and timeframe = $3 order by open_time",
    [venue, instrument, timeframe],
  );
  return rows;
}

/** Compares every candle of every timeframe with those built from the raw file, in the columns that these have. */
async function expectCandles(run: FleetRun, venue: string, instrument: string, expected: Map<string, PlainCandle[]>): Promise<void> {
  for (const timeframe of PLAIN_TIMEFRAMES) {
    const wanted = expected.get(timeframe) as PlainCandle[];
    const columns = Object.keys(wanted[0] as PlainCandle);
    const found = await candlesOf(run, venue, instrument, timeframe);
    expect(found.map((row) => Object.fromEntries(columns.map((column) => [column, row[column]])))).toEqual(wanted);
  }
}

/** Everything stored of an instrument but the places in the input log, as one digest per table. */
async function dump(run: FleetRun, venue: string, instrument: string): Promise<Record<string, string>> {
  const tables = {
    candles: "aggregator.pub_candles order by timeframe, open_time",
    trades: "ingest.pub_trades order by event_time, epoch, source_seq",
    gaps: "ingest.pub_gaps order by id",
  };
  const result: Record<string, string> = {};
  for (const [name, source] of Object.entries(tables)) {
    const [table, order] = source.split(" order by ");
    const { rows } = await run.pool.query(`select * from ${table} where venue = $1 and instrument = $2 order by ${order}`, [
      venue,
      instrument,
    ]);
    const content = rows.map(({ input_generation: _, input_seq: __, updated: ___, ...row }: Record<string, unknown>) =>
      JSON.stringify(row),
    );
    result[name] = `${rows.length} rows ${createHash("sha256").update(content.join("\n")).digest("hex")}`;
  }
  return result;
}

async function derivedMessages(run: FleetRun, stream = "CANDLES"): Promise<number> {
  const { stdout } = await runHere(["status", "--json", "--data", run.address.data]);
  const { streams } = JSON.parse(stdout) as { streams: { name: string; lastSeq: number }[] };
  return streams.find(({ name }) => name === stream)?.lastSeq ?? -1;
}

/** Patterns and signals on record. */
async function judged(run: FleetRun, instrument: string): Promise<{ patterns: number; signals: number }> {
  const { rows } = await run.pool.query<{ patterns: number; signals: number }>(
    `select (select count(*) from pattern_detector.pub_patterns where instrument = $1) as patterns,
       (select count(*) from pattern_detector.pub_signals where instrument = $1) as signals`,
    [instrument],
  );
  return rows[0] ?? { patterns: -1, signals: -1 };
}

describe("a capture of our own", () => {
  const lines = sampleCapture("ETHUSDT");

  test("is stored as candles built from it line by line, over midnight too", async () => {
    const file = join(folder, "own capture.txt");
    writeFileSync(file, `${lines.join("\n")}\n`);
    const summary = await replay(fleet, file);
    const raw = readCapture(lines);
    const expected = buildPlainCandles({ ...raw, ...cryptoDays, priceScale: 2, sizeScale: 5 });
    expect(summary).toMatchObject({ trades: 900, recorded: 900, quarantined: 0 });
    expect(summary.firstTime).toBe(Math.floor((raw.trades[0]?.timeUs ?? 0) / 1000));
    expect(summary.lastTime).toBe(Math.floor((raw.trades.at(-1)?.timeUs ?? 0) / 1000));
    expect(summary.candles).toEqual(Object.fromEntries([...expected].map(([timeframe, candles]) => [timeframe, candles.length])));
    const closed = [...expected.values()].flat().filter((candle) => candle["state"] !== "forming" && candle["close"] !== null);
    expect(summary.indicators).toBe(closed.length);
    expect({ patterns: summary.patterns, signals: summary.signals }).toEqual(await judged(fleet, "ETH-USDT"));
    await expectCandles(fleet, "binance", "ETH-USDT", expected);
    expect(expected.get("1m")?.some((candle) => candle["completeness"] === "no-trades")).toBe(true);
  });

  test("read again changes nothing and sends nothing", async () => {
    const before = await dump(fleet, "binance", "ETH-USDT");
    const messages = await derivedMessages(fleet);
    const derived = async () => Promise.all(["ENRICHED", "PATTERNS", "SIGNALS"].map((stream) => derivedMessages(fleet, stream)));
    const sent = await derived();
    const summary = await replay(fleet, join(folder, "own capture.txt"));
    expect(summary).toMatchObject({ trades: 900, recorded: 0 });
    expect(await dump(fleet, "binance", "ETH-USDT")).toEqual(before);
    expect(await derivedMessages(fleet)).toBe(messages);
    expect(await derived()).toEqual(sent);
  });
});

describe.skipIf(!hasData)(title("both spot captures at once"), () => {
  test("all trades are recorded once, volumes are right to the last digit", async () => {
    const summary = await replay(fleet, ...SPOT);
    expect(summary).toMatchObject({ trades: 19_904, recorded: 19_904, quarantined: 0 });
    const minutes = await candlesOf(fleet, "binance", "BTC-USDT", "1m");
    const sum = (column: string): number => minutes.reduce((total, row) => total + Math.round(Number(row[column]) * 1e5), 0);
    expect([sum("volume_base"), sum("volume_buy"), sum("volume_sell")]).toEqual([43_791_552, 20_449_112, 23_342_440]);
    const { rows } = await fleet.pool.query(
      "select count(*) as rows, count(distinct source_seq) as ids from ingest.pub_trades where venue = 'binance' and instrument = 'BTC-USDT'",
    );
    expect(rows).toEqual([{ rows: 19_904, ids: 19_904 }]);
  });

  test("every candle of every timeframe equals the one built from the raw files", async () => {
    const expected = buildPlainCandles({ ...readCapture(SPOT.map(readGzip)), ...cryptoDays, priceScale: 2, sizeScale: 5 });
    await expectCandles(fleet, "binance", "BTC-USDT", expected);
    const [days, weeks] = [expected.get("1d") as PlainCandle[], expected.get("1w") as PlainCandle[]];
    expect(days.map((day) => [day["open_time"], day["trades"], day["cvd_base"]])).toEqual([
      [Date.UTC(2024, 7, 8) * 1000, 9738, 0],
      [Date.UTC(2024, 7, 9) * 1000, 10_166, 0],
    ]);
    expect(weeks.map((week) => [week["open_time"], week["trades"]])).toEqual([[Date.UTC(2024, 7, 5) * 1000, 19_904]]);
  });

  test("read again they change nothing", async () => {
    const before = await dump(fleet, "binance", "BTC-USDT");
    const messages = await derivedMessages(fleet);
    expect(await replay(fleet, ...SPOT)).toMatchObject({ trades: 19_904, recorded: 0 });
    expect(await dump(fleet, "binance", "BTC-USDT")).toEqual(before);
    expect(await derivedMessages(fleet)).toBe(messages);
  });

  // long form only: in the short form files.test.ts of ingest has that a later file goes on, and nothing compares candles of two commands
  test.runIf(isLong)("one after the other, by two commands, they come to the same", async () => {
    await using other = await startFleetRun();
    expect(await replay(other, SPOT[0] as string)).toMatchObject({ trades: 9757, recorded: 9757 });
    expect(await replay(other, SPOT[1] as string)).toMatchObject({ trades: 10_147, recorded: 10_147 });
    expect(await dump(other, "binance", "BTC-USDT")).toEqual(await dump(fleet, "binance", "BTC-USDT"));
    expect(await derivedMessages(other)).toBe(await messagesOfCapture());
  });

  /** Candles that were closed or revised: what the aggregator has to have sent of the instrument. */
  async function messagesOfCapture(): Promise<number> {
    const { rows } = await fleet.pool.query<{ count: number }>(
      `select count(*) as count from aggregator.pub_candles where venue = 'binance' and instrument = 'BTC-USDT' and state <> 'forming'`,
    );
    return rows[0]?.count ?? -1;
  }
});

describe.skipIf(!hasData)(title(`a day of ${EQUITY}`), () => {
  const expected = EQUITIES[EQUITY];

  test("every print is kept, New York's session holds, sides are the tick rule's", async () => {
    const rows = readZipRows(EQUITY_FILE);
    expect(rows).toHaveLength(expected.rows);
    expect(rows.length - new Set(rows).size).toBe(expected.repeated);
    const summary = await replay(fleet, EQUITY_FILE);
    expect(summary).toMatchObject({ trades: expected.rows, recorded: expected.rows, quarantined: 0 });
    const trades = readLeanTrades(rows, Date.UTC(2013, 9, 7, 4));
    const found = await fleet.pool.query(
      `select count(*) as trades, sum(size) as size, array_agg(distinct side_method order by side_method) as methods,
         count(*) filter (where side_method = 'none' and side <> 'unknown' or side_method = 'tick' and side = 'unknown') as wrong,
         count(*) filter (where side = 'buy') as buys, count(*) filter (where side = 'sell') as sells
       from ingest.pub_trades where venue = 'lean' and instrument = $1`,
      [EQUITY],
    );
    const buys = trades.filter((trade) => trade.side === 1).length;
    const sells = trades.filter((trade) => trade.side === -1).length;
    expect(found.rows).toEqual([{ trades: expected.rows, size: expected.shares, methods: ["none", "tick"], wrong: 0, buys, sells }]);
    const market = {
      ...newYorkSummerDays,
      trades,
      priceScale: 4,
      sizeScale: 0,
      coveredFromUs: trades[0]?.timeUs ?? 0,
      endUs: trades.at(-1)?.timeUs ?? 0,
    };
    const candles = buildPlainCandles(market);
    await expectCandles(fleet, "lean", EQUITY, candles);
    expect(candles.get("1h")).toHaveLength(16);
    expect(summary.candles["1m"]).toBe(960);
    expect(summary.patterns).toBeGreaterThanOrEqual(expected.patterns);
    expect(summary.signals).toBeGreaterThanOrEqual(expected.signals);
  });

  test("every signal is explained to the same bytes", async () => {
    const api = `${fleet.address.api}/api/v1/signals`;
    const list = await fetch(`${api}?venue=lean&instrument=${EQUITY}&limit=10000`);
    const { data } = (await list.json()) as { data: { id: string }[] };
    expect(data.length).toBe((await judged(fleet, EQUITY)).signals);
    for (const { id } of data) {
      const answer = await fetch(`${api}/${encodeURIComponent(id)}/explain`);
      expect(await answer.json()).toMatchObject({ id, same: true });
    }
  });
});

describe("a CSV of our own", () => {
  const START = Date.UTC(2024, 2, 1);
  const rows = (count: number, fromMs: number): string[] =>
    Array.from({ length: count }, (_, i) => `${fromMs + i * 1000};${i % 7},5;0,25;${i % 2 === 0 ? "buy" : "sell"}`);
  const written = (name: string, lines: readonly string[]): string => {
    const file = join(folder, name);
    writeFileSync(file, ["when;px;amount;s", ...lines].join("\n"));
    return file;
  };
  const columns = ["--columns", "time=when,price=px,side=s"];

  test("with a row years ahead counts without it, and closes no minute beyond its last good one", async () => {
    const far = `${START + 5 * 365 * 86_400_000};1,5;0,25;buy`;
    const file = written("far.csv", [...rows(120, START), far, ...rows(120, START + 120_000)]);
    const summary = await replay(fleet, file, "--venue", "mine", "--instrument", "A-B", ...columns);
    expect(summary).toMatchObject({ trades: 240, recorded: 240, quarantined: 1, outsideSession: 0, lastTime: START + 239_000 });
    expect(summary.candles["1m"]).toBe(4);
    expect(summary.quarantineReasons).toEqual([{ reason: expect.any(String) as string, count: 1, example: far }]);
  });

  test("with rows that are wrong tells why, the most frequent reason first, with the first such row", async () => {
    const bad = [0, 1, 2].map((i) => `${START + 60_000 + i};0;0,25;buy`);
    const file = written("bad.csv", [...rows(20, START), ...bad, `${START + 61_000};1;0,25;up`]);
    const words = ["replay", file, "--venue", "wrong", "--instrument", "W-R", ...columns, "--data", fleet.address.data];
    const { stdout } = await runHere(words);
    expect(stdout).toContain("20 read, 20 new on record, 4 quarantined\n");
    expect(stdout).toContain(`\n             3 set aside: price: expected more than 0, such as "${bad[0]}"\n`);
    expect(stdout).toContain(`\n             1 set aside: side: expected buy or sell, such as "${START + 61_000};1;0,25;up"\n`);
    const { quarantineReasons } = await replay(fleet, ...words.slice(1, -2));
    expect(quarantineReasons.map(({ reason, count }) => [reason, count])).toEqual([
      ["price: expected more than 0", 3],
      ["side: expected buy or sell", 1],
    ]);
  });

  test.runIf(isLong)("with quiet days has its quiet minutes, in bounded portions; newest first it comes to the same", async () => {
    const days = 9;
    const lines = [...rows(120, START), ...rows(120, START + days * 86_400_000)];
    const files = [written("C-D.csv", lines), written("E-F.csv", lines.toReversed())];
    const minutes = days * 1440 + 2;
    for (const file of files) {
      const summary = await replay(fleet, file, "--venue", "mine", ...columns);
      expect(summary).toMatchObject({ trades: 240, quarantined: 0, candles: { "1m": minutes } });
    }
    const { rows: found } = await fleet.pool.query(
      `select instrument, completeness, count(*)::int as count, sum(trades)::int as trades from aggregator.pub_candles
       where venue = 'mine' and timeframe = '1m' and instrument <> 'A-B' group by 1, 2 order by 1, 2`,
    );
    expect(found).toEqual(
      ["C-D", "E-F"].flatMap((instrument) => [
        { instrument, completeness: "full", count: 4, trades: 240 },
        { instrument, completeness: "no-trades", count: minutes - 4, trades: 0 },
      ]),
    );
  });
});

describe("bad input", () => {
  const command = (...args: string[]) => runHere(["replay", ...args, "--data", fleet.address.data]);

  test("a truncated capture counts what could be read, and tells the error", async () => {
    const whole = sampleCapture("SOLUSDT");
    const bytes = gzipSync(`${whole.join("\n")}\n`);
    const file = join(folder, "cut.txt.gz");
    writeFileSync(file, bytes.subarray(0, Math.floor(bytes.length / 2)));
    const { code, stdout, stderr } = await command(file, "--json");
    expect(code).toBe(1);
    const summary = JSON.parse(stdout) as Summary;
    expect(summary.error).toMatch(/cut\.txt\.gz.*(truncated|damaged|ends|unexpected end)/i);
    expect(stderr).toContain(summary.error);
    expect(summary.trades).toBeGreaterThan(100);
    expect(summary.trades).toBeLessThan(900);
    expect(summary.recorded).toBe(summary.trades);
    const { rows } = await fleet.pool.query(
      "select count(*) as trades from ingest.pub_trades where venue = 'binance' and instrument = 'SOL-USDT'",
    );
    expect(rows).toEqual([{ trades: summary.trades }]);
  });

  test("files that cannot be replayed are refused, with what is wrong", async () => {
    const noise = join(folder, "noise.txt");
    writeFileSync(noise, "hello\nworld\n");
    const empty = join(folder, "empty.txt");
    writeFileSync(empty, "");
    const zip = join(folder, "cut.zip");
    writeFileSync(zip, Buffer.from("PK\u0003\u0004 not the rest"));
    mkdirSync(join(folder, "sub"), { recursive: true });
    const missing = join(folder, "missing.txt.gz");
    const results = await Promise.all([missing, join(folder, "sub"), noise, empty, zip].map((file) => command(file, "--json")));
    expect(results.map(({ code }) => code)).toEqual([1, 1, 1, 1, 1]);
    const texts = results.map(({ stderr }) => stderr);
    expect(texts[0]).toContain(`${missing}: there is no such file`);
    expect(texts[1]).toContain("expected a file");
    expect(texts[2]).toMatch(/noise\.txt: neither a capture, nor ticks, nor CSV.*hello/);
    expect(texts[3]).toContain("no lines in it");
    expect(texts[4]).toContain("not a whole zip");
    for (const { stdout, stderr } of results) expect(stderr).toContain((JSON.parse(stdout) as { error: string }).error);
    for (const text of texts) expect(text).not.toMatch(/\n\s+at /);
  });

  test("a capture without a trade is no success", async () => {
    const file = join(folder, "nothing.txt");
    writeFileSync(file, '1737859200000000000 {"channel":"subscriptionResponse","data":{}}\n');
    const { code, stdout } = await command(file, "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ trades: 0, error: expect.stringContaining("no trade was found") as string });
  });

  test.skipIf(process.getuid?.() === 0)("a file without the right to read it is refused", async () => {
    const file = join(folder, "locked.txt");
    writeFileSync(file, "");
    chmodSync(file, 0);
    expect((await command(file)).stderr).toContain("may not be read");
  });

  test("a command line that cannot be understood exits with 64 and names the help", async () => {
    const file = join(folder, "any.txt");
    writeFileSync(file, "");
    const results = await Promise.all([
      command(),
      command(file, "--speed", "fast"),
      command(file, "--format", "parquet"),
      command("--wrong"),
      command(file, "--columns", "time=ts,colour=c"),
      command(file, "--calendar", "mars"),
    ]);
    expect(results.map(({ code }) => code)).toEqual([64, 64, 64, 64, 64, 64]);
    for (const { stderr } of results) expect(stderr).toContain("`tickfleet replay --help` shows the usage");
    expect(results[1]?.stderr).toContain("expected max or a multiple of real time such as 10x");
    expect(results[2]?.stderr).toContain("binance-capture, lean-ticks, csv-trades");
    expect(results[4]?.stderr).toContain('found "colour=c"');
    expect(results[5]?.stderr).toContain("expected crypto or us-equity");
  });

  test("without a fleet, a broker or ingest it says what to do", async () => {
    const file = join(folder, "any.txt");
    writeFileSync(file, "");
    await using nats = await startNats();
    const database = { DATABASE_URL: fleet.address.database };
    const [none, away, alone] = await Promise.all([
      runCommand(["replay", file, "--data", folder]),
      runCommand(["replay", file], { env: { NATS_URL: "nats://127.0.0.1:9", ...database } }),
      runCommand(["replay", file], { env: { NATS_URL: nats.url, ...database } }),
    ]);
    expect([none.code, away.code, alone.code]).toEqual([1, 1, 1]);
    expect(none.stderr).toMatch(/no fleet runs on .*npm start/s);
    expect(away.stderr).toMatch(/no broker answers at nats:\/\/127\.0\.0\.1:9.*npm start/s);
    expect(alone.stderr).toMatch(/ingest does not answer.*tickfleet status/s);
  });

  test("the fleet takes all that and stays well", async () => {
    const { code, stdout } = await runCommand(["status", "--json", "--data", fleet.address.data]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, deadLetters: 0, faults: [] });
    expect(readFileSync(join(fleet.address.data, "logs/aggregator.log"), "utf8")).not.toContain('"level":"error"');
  });
});
