import { tradeBatch } from "@tickfleet/contracts/market-messages";
import { parametersOf } from "@tickfleet/contracts/message";
import { createBatchColumns, decodeTradeBatch } from "@tickfleet/contracts/trade-batch";
import type { Instrument } from "@tickfleet/market/instrument";
import type { RawTrade, Refill, SourceEvent } from "@tickfleet/venues/source";
import { describe, expect, test } from "vitest";
import type { RefillRequest } from "./gap-tracker.ts";
import { Intake } from "./intake.ts";
import type { OutboundMessage, QualityRow } from "./intake-state.ts";

const START_US = 1_700_000_000_000_000;
const BTC: Instrument = {
  venue: "test",
  instrument: "BTC-USDT",
  venueSymbol: "BTCUSDT",
  calendar: "crypto",
  kind: "spot",
  contractSize: 1,
  priceScale: 2,
  sizeScale: 3,
  closeDelayMs: 250,
};

interface Told {
  intake: Intake;
  messages: OutboundMessage[];
  quality: QualityRow[];
  refills: RefillRequest[];
}

function createTold(live = false, venueNowUs?: () => number): Told {
  const told: Omit<Told, "intake"> = { messages: [], quality: [], refills: [] };
  const intake = new Intake({
    venue: "test",
    connection: "c1",
    nowUs: live ? () => START_US : null,
    ...(venueNowUs === undefined ? {} : { venueNowUs }),
    sink: {
      message: (message) => told.messages.push(message),
      quality: (row) => told.quality.push(row),
      refill: (request) => told.refills.push(request),
    },
  });
  return Object.assign(told, { intake });
}

function open(refill: Refill = "none", consecutiveIds = true, timeUs = START_US): SourceEvent {
  return { kind: "open", connection: "c1", venue: "test", timeUs, instruments: [BTC], reason: "start", consecutiveIds, refill };
}

function trade(id: number, ms: number, price: number, flag: RawTrade["flag"] = null, more: Partial<RawTrade> = {}): SourceEvent {
  const eventTimeUs = START_US + ms * 1000;
  return {
    kind: "trade",
    trade: {
      instrument: "BTC-USDT",
      epoch: "",
      sourceSeq: id,
      tradeId: String(id),
      eventTimeUs,
      eventTimeNsRest: 0,
      receivedTimeUs: eventTimeUs + 500,
      price: { value: price, scale: 2 },
      size: { value: 1000, scale: 3 },
      flag,
      ...more,
    },
  };
}

function time(ms: number): SourceEvent {
  return { kind: "time", timeUs: START_US + ms * 1000 };
}

function quote(ms: number, bid: number, ask: number, venueTimed: boolean, scale = 2): SourceEvent {
  const timeUs = START_US + ms * 1000;
  const one = { value: 5, scale: 0 };
  return {
    kind: "quote",
    quote: {
      instrument: "BTC-USDT",
      bid: { value: bid, scale },
      ask: { value: ask, scale },
      bidSize: one,
      askSize: one,
      venueTimeUs: venueTimed ? timeUs : null,
      receivedTimeUs: timeUs + 300,
    },
  };
}

function run(events: SourceEvent[], live = false): Told {
  const told = createTold(live);
  for (const event of events) told.intake.handle(event);
  return told;
}

/** What the messages say, in short. */
function brief({ messages }: Told): string[] {
  return messages.map(({ subject, data }) => {
    const name = subject.split(".")[2];
    const body = JSON.parse(new TextDecoder().decode(data));
    if (name === "trade") return `trade ${tradesOf(data).ids}${body.fill ? ` fills ${body.fill}` : ""}`;
    if (name === "clock") return `clock ${(body.time - START_US) / 1000} ${body.state}${body.held.length > 0 ? ` held ${body.held}` : ""}`;
    if (name === "gap") return `gap ${body.state} ${body.id.split(":")[3]} missing ${body.missing} filled ${body.filled}`;
    return `status ${body.state} v${body.version} ${(body.time - START_US) / 1000}`;
  });
}

function tradesOf(data: Uint8Array): {
  ids: number[];
  sides: number[];
  methods: number[];
  ages: number[];
  method: string | null;
  prices: number[];
} {
  const columns = createBatchColumns();
  decodeTradeBatch(data, columns);
  const of = (values: ArrayLike<number>): number[] => Array.from(values).slice(0, columns.count);
  return {
    ids: of(columns.sourceSeq),
    sides: of(columns.side),
    methods: of(columns.sideMethod),
    ages: of(columns.quoteAgeUs),
    method: columns.quoteMethod,
    prices: of(columns.price).map((price) => price / 10 ** columns.priceScale),
  };
}

function onlyBatch(told: Told): ReturnType<typeof tradesOf> {
  const batches = told.messages.filter((message) => parametersOf(tradeBatch, message.subject) !== null);
  expect(batches).toHaveLength(1);
  return tradesOf((batches[0] as OutboundMessage).data);
}

describe("messages", () => {
  test("status, batches before the clock of each whole second, a last clock and the end", () => {
    const told = run([
      open(),
      trade(1, 100, 10_000, "buy"),
      time(100),
      trade(2, 900, 10_000, "sell"),
      time(900),
      trade(3, 1_050, 10_001, "buy"),
      time(1_050),
      time(1_900),
      { kind: "end", timeUs: START_US + 1_950_000, reason: "done" },
    ]);
    expect(brief(told)).toEqual([
      "status live v1 0",
      "trade 1",
      "clock 100 live",
      "trade 2,3",
      "clock 1050 live",
      "clock 1950 live",
      "status ended v1 1950",
    ]);
  });

  test("a finer price lets the scale grow and begins a batch", () => {
    const told = run([
      open(),
      trade(1, 1, 10_000),
      trade(2, 2, 100_005, null, { price: { value: 100_005, scale: 3 } }),
      trade(3, 3, 10_000),
      time(2_000),
    ]);
    const batches = told.messages.filter((message) => message.subject.includes(".trade.")).map((message) => tradesOf(message.data));
    expect(batches.map((batch) => batch.prices)).toEqual([[100], [100.005, 100]]);
    expect(batches[1]?.sides).toEqual([1, -1]);
  });

  test("a batch leaves at 500 trades", () => {
    const events = Array.from({ length: 501 }, (_, i) => trade(i + 1, i, 10_000, "buy"));
    const told = run([open(), ...events, time(501)]);
    told.intake.flush();
    expect(brief(told).map((line) => line.split(",").length)).toEqual([1, 500, 1, 1]);
  });
});

describe("sides", () => {
  test("tick rule: unknown at first, then by the last change; equal keeps it; forgets after 60 s", () => {
    const told = run([
      open("none", false),
      trade(1, 0, 10_000),
      trade(2, 10, 10_001),
      trade(3, 20, 10_001),
      trade(4, 30, 9_999),
      trade(5, 60_031, 10_500),
      trade(6, 60_032, 10_501),
    ]);
    told.intake.flush();
    expect(onlyBatch(told)).toMatchObject({ sides: [0, 1, 1, -1, 0, 1], methods: [3, 2, 2, 2, 3, 2] });
  });

  test("tick rule forgets at a new trading day", () => {
    const midnightMs = (1_700_006_400_000_000 - START_US) / 1000;
    const told = run([
      open("none", false),
      trade(1, midnightMs - 20, 10_000),
      trade(2, midnightMs - 10, 10_001),
      trade(3, midnightMs, 10_002),
    ]);
    told.intake.flush();
    expect(onlyBatch(told).sides).toEqual([0, 1, 0]);
  });

  test("a late trade is unknown without a flag, and changes nobody else's side", () => {
    const told = run([
      open("none", false),
      trade(1, 0, 10_000),
      trade(2, 10, 10_001),
      trade(9, 5, 9_000),
      trade(3, 20, 10_001),
      trade(10, 6, 9_000, "sell"),
    ]);
    told.intake.flush();
    expect(onlyBatch(told)).toMatchObject({ sides: [0, 1, 0, 1, -1], methods: [3, 2, 3, 2, 0] });
  });

  test("flag wins over quote, quote over tick; at the middle the tick rule decides", () => {
    const told = run([
      open("none", false),
      quote(0, 9_990, 10_010, false),
      trade(1, 1, 10_009),
      trade(2, 2, 10_009, "sell"),
      trade(3, 3, 9_991),
      trade(4, 4, 10_000),
    ]);
    told.intake.flush();
    expect(onlyBatch(told)).toMatchObject({ sides: [1, -1, -1, 1], methods: [1, 0, 1, 2], method: "arrival" });
  });

  test("crossed, empty and old quotes decide nothing, but travel", () => {
    const told = run([
      open("none", false),
      quote(0, 10_010, 9_990, false),
      trade(1, 1, 10_009),
      quote(10, 9_990, 10_010, false),
      trade(2, 6_000, 10_009),
    ]);
    told.intake.flush();
    expect(onlyBatch(told)).toMatchObject({ sides: [0, 0], methods: [3, 3], ages: [1_200, 5_990_200] });
  });
});

describe("standing quotes", () => {
  test("by venue time where quotes have one: the last below the trade's", () => {
    const told = run([
      open("none", false),
      quote(0, 9_000, 9_001, true),
      quote(10, 9_500, 9_501, true),
      trade(1, 10, 9_001),
      trade(2, 11, 9_501),
    ]);
    told.intake.flush();
    expect(onlyBatch(told)).toMatchObject({ sides: [1, 1], methods: [1, 1], ages: [10_000, 1_000], method: "venue" });
  });

  test("a confirmation keeps an arrival quote young", () => {
    const told = run([
      open("none", false),
      quote(0, 9_990, 10_010, false),
      { kind: "confirm", instrument: "BTC-USDT", receivedTimeUs: START_US + 5_900_000 },
      trade(1, 6_000, 10_009),
    ]);
    told.intake.flush();
    expect(onlyBatch(told)).toMatchObject({ sides: [1], ages: [100_500] });
  });

  test("a quote with finer decimals than any trade lets the scale grow", () => {
    const told = run([open("none", false), quote(0, 99_995, 100_005, false, 3), trade(1, 1, 10_000)]);
    told.intake.flush();
    expect(onlyBatch(told)).toMatchObject({ prices: [100], method: "arrival" });
  });
});

describe("quarantine", () => {
  test("impossible trades are kept with a reason and change nothing", () => {
    const bad: [Partial<RawTrade>, RegExp][] = [
      [{ price: { value: 0, scale: 2 } }, /price is not above zero/],
      [{ price: { value: -5, scale: 2 } }, /price is not above zero/],
      [{ price: { value: Number.NaN, scale: 2 } }, /price is not a number/],
      [{ price: { value: 2 ** 53 - 1, scale: 0 } }, /2\^53/],
      [{ size: { value: 0, scale: 2 } }, /size is not above zero/],
      [{ eventTimeUs: 0 }, /event time is missing/],
      [{ size: { value: 1, scale: 18 } }, /finer/],
      [{ instrument: "ETH-USDT" }, /unknown instrument/],
    ];
    const told = run([open(), trade(1, 0, 10_000, "buy"), ...bad.map(([more], i) => trade(i + 2, 1, 10_000, "buy", more)), time(2_000)]);
    expect(told.quality.map((row) => row.reason)).toEqual(bad.map(([, reason]) => expect.stringMatching(reason)));
    expect(JSON.parse(told.quality[1]?.raw ?? "")).toMatchObject({ price: { value: -5 } });
    expect(brief(told)).toEqual(["status live v1 0", "trade 1", "clock 2000 live"]);
  });

  test("a live trade more than 5 s ahead of the clock is refused, a scripted one is not", () => {
    const events = [open(), time(10), trade(1, 5_011, 10_000, "buy"), trade(2, 5_010, 10_000, "buy")];
    expect(run(events, true).quality.map((row) => row.reason)).toEqual(["event time is 5001 ms ahead of the clock"]);
    expect(run(events).quality).toEqual([]);
  });

  test("trades after a silence of the connection are not ahead, though the clock stood", () => {
    const told = createTold(true, () => START_US + 20e6);
    for (const event of [open(), time(10), trade(1, 20_500, 10_000, "buy"), trade(2, 25_100, 10_000, "buy")]) told.intake.handle(event);
    expect(told.quality.map((row) => row.reason)).toEqual(["event time is 5100 ms ahead of the clock"]);
  });

  test("what a source could not read is kept as it came", () => {
    const told = run([open(), { kind: "invalid", raw: "{", reason: "not JSON", instrument: null }]);
    expect(told.quality).toEqual([{ timeUs: START_US, venue: "test", instrument: null, reason: "not JSON", raw: "{" }]);
  });
});

describe("gaps", () => {
  test("ids that come within a second leave no trace but the wait", () => {
    const told = run([open("scripted"), trade(1, 0, 10_000), trade(3, 500, 10_000), time(1_000), trade(2, 400, 10_000), time(2_000)]);
    expect(brief(told)).toEqual(["status live v1 0", "trade 1,3", "clock 1000 live held BTC-USDT", "trade 2", "clock 2000 live"]);
  });

  test("a scripted fill publishes only what is missing, then closes the gap", () => {
    const fills = [2, 3, 4].map((id) => (trade(id, 100, 10_000) as Extract<SourceEvent, { kind: "trade" }>).trade);
    const told = run([
      open("scripted"),
      trade(1, 0, 10_000),
      time(1_000),
      trade(5, 2_000, 10_000),
      time(2_100),
      time(3_000),
      trade(3, 50, 10_000),
      { kind: "fill", instrument: "BTC-USDT", trades: fills, complete: true },
      time(4_000),
    ]);
    expect(brief(told)).toEqual([
      "status live v1 0",
      "trade 1",
      "clock 1000 live",
      "trade 5",
      "clock 2100 live held BTC-USDT",
      "gap open 2 missing 3 filled 0",
      "clock 3000 live held BTC-USDT",
      "trade 3",
      "trade 2,4 fills test:c1:BTC-USDT:2",
      "gap filled 2 missing 3 filled 3",
      "clock 4000 live",
    ]);
  });

  test("without a refill a gap stays unfilled, and a later stray closes nothing twice", () => {
    const told = run([open("none"), trade(1, 0, 10_000), trade(4, 500, 10_000), time(1_600), trade(2, 300, 10_000), time(3_000)]);
    expect(brief(told).slice(2)).toEqual([
      "gap open 2 missing 2 filled 0",
      "gap unfilled 2 missing 2 filled 0",
      "clock 1600 live",
      "trade 2",
      "clock 3000 live",
    ]);
  });

  test("after a live reconnect the next id proves that nothing was missed", () => {
    const told = run(
      [
        open("rest"),
        trade(1, 0, 10_000, "buy"),
        time(1_000),
        { kind: "down", timeUs: 0, reason: "cut" },
        open("rest", true, START_US + 5e6),
        trade(2, 5_100, 10_000, "buy"),
        time(6_000),
      ],
      true,
    );
    expect(brief(told).slice(3)).toEqual([
      "status down v1 1000",
      "status live v1 5000",
      `gap open t${START_US + 5e6} missing null filled 0`,
      "trade 2",
      `gap none t${START_US + 5e6} missing 0 filled 0`,
      "clock 6000 live",
    ]);
    expect(told.refills).toMatchObject([{ firstId: 2, lastId: null, fromUs: START_US + 1e6, toUs: START_US + 5e6 }]);
  });

  const lostAndBack: SourceEvent[] = [
    open("rest"),
    trade(1, 0, 10_000, "buy"),
    time(1_000),
    { kind: "down", timeUs: 0, reason: "cut" },
    open("rest", true, START_US + 5e6),
  ];
  const gapId = `test:c1:BTC-USDT:t${START_US + 5e6}`;

  test("a gap that nobody fills is counted when the next id comes, and keeps to the time of the cut", () => {
    const told = run(lostAndBack, true);
    told.intake.answerRefill("BTC-USDT", gapId, [], false);
    for (const event of [time(6_000), time(69_000), trade(4, 70_000, 10_000, "buy"), time(71_000)]) told.intake.handle(event);
    expect(brief(told).slice(6)).toEqual([
      `gap unfilled t${START_US + 5e6} missing null filled 0`,
      "clock 6000 live",
      "clock 69000 live",
      "trade 4",
      `gap unfilled t${START_US + 5e6} missing 2 filled 0`,
      "clock 71000 live",
    ]);
    expect(JSON.parse(new TextDecoder().decode(told.messages.at(-2)?.data))).toMatchObject({ from: START_US + 1e6, to: START_US + 5e6 });
  });

  test("a gap that nobody fills is none after all where the next id follows", () => {
    const told = run(lostAndBack, true);
    told.intake.answerRefill("BTC-USDT", gapId, [], false);
    for (const event of [time(69_000), trade(2, 70_000, 10_000, "buy"), time(71_000)]) told.intake.handle(event);
    expect(brief(told).slice(8)).toEqual(["trade 2", `gap none t${START_US + 5e6} missing 0 filled 0`, "clock 71000 live"]);
  });

  test("candles wait 10 s for a fill, a gap longer; its size is told as soon as it is known", () => {
    const told = run([...lostAndBack, time(6_000), trade(4, 6_500, 10_000, "buy"), time(15_000), time(16_000)], true);
    expect(brief(told).slice(6)).toEqual([
      "clock 6000 live held BTC-USDT",
      "trade 4",
      `gap open t${START_US + 5e6} missing 2 filled 0`,
      "clock 15000 live held BTC-USDT",
      "clock 16000 live",
    ]);
    const fills = [2, 3].map((id) => (trade(id, 2_000, 10_000) as Extract<SourceEvent, { kind: "trade" }>).trade);
    told.intake.answerRefill("BTC-USDT", gapId, fills, true);
    expect(brief(told).at(-1)).toBe(`gap filled t${START_US + 5e6} missing 2 filled 2`);
  });

  test("a connection lost again before its first trade makes the gap longer", () => {
    const told = run([...lostAndBack, { kind: "down", timeUs: 0, reason: "cut" }, open("rest", true, START_US + 65e6)], true);
    const gap = JSON.parse(new TextDecoder().decode(told.messages.at(-1)?.data));
    expect(gap).toMatchObject({ id: gapId, state: "open", from: START_US + 1e6, to: START_US + 65e6 });
    expect(told.refills).toHaveLength(2);
  });

  test("an answer that ends before the first trade that came by itself is asked for again", () => {
    const told = run([...lostAndBack, trade(4, 5_500, 10_000, "buy")], true);
    const fill = (id: number): RawTrade => (trade(id, 2_000, 10_000) as Extract<SourceEvent, { kind: "trade" }>).trade;
    told.intake.answerRefill("BTC-USDT", gapId, [fill(2)], true);
    expect(told.refills.at(-1)).toMatchObject({ firstId: 3, lastId: 3 });
    told.intake.answerRefill("BTC-USDT", gapId, [fill(3)], true);
    expect(brief(told).at(-1)).toBe(`gap filled t${START_US + 5e6} missing 2 filled 2`);
  });

  test("a source without ids has a gap where it misses more than a minute of trading hours", () => {
    const pause = (ms: number): string[] =>
      brief(
        run([
          open("none", false),
          time(1_000),
          { kind: "end", timeUs: START_US + 1e6, reason: "" },
          open("none", false, START_US + 1e6 + ms * 1000),
        ]),
      ).slice(5);
    expect(pause(60_000)).toEqual([]);
    expect(pause(60_001)).toEqual([
      `gap open t${START_US + 61_001_000} missing null filled 0`,
      `gap unfilled t${START_US + 61_001_000} missing null filled 0`,
    ]);
  });
});

test("what a venue says as it closes is told without what no table takes", () => {
  const told = run([open(), { kind: "down", timeUs: START_US, reason: "closed\n\u0000by \ud83dthe venue" }]);
  expect(JSON.parse(Buffer.from(told.messages.at(-1)?.data ?? []).toString())).toMatchObject({
    state: "down",
    reason: "closed\n\ufffdby \ufffdthe venue",
  });
});
