import { judge } from "@tickfleet/patterns/judgement";
import type { JudgementBar, JudgementInputs } from "@tickfleet/patterns/judgement-inputs";
import type { JudgedPattern } from "@tickfleet/patterns/pattern-judgement";
import type { JudgedSignal } from "@tickfleet/patterns/signal-judgement";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCandle, type Gateway, insertCandles, insertInstrument, MINUTE, START, startGateway, until } from "./harness.ts";

const COUNT = 120;
const HIGHER = { timeframe: "3m", openTime: START, enrichedRevision: 0, trendAngle: 20, trendStrength: 0.9 } as const;
const LIVE = (["3m", "5m"] as const).map((timeframe) => ({
  timeframe,
  openTime: START,
  kind: "CDLENGULFING",
  direction: 1 as const,
  weightedConfidence: null,
}));
let gateway: Gateway;
let patterns: JudgedPattern[] = [];
let signals: { signal: JudgedSignal; inputs: JudgementInputs }[] = [];

/** A fall of twenty minutes and a candle that swallows its last one, over and over. */
function barAt(i: number): JudgementBar {
  const openTime = START + i * MINUTE;
  const at = i % 21;
  const [open, high, low, close] = at === 20 ? [798, 830, 797, 826] : [1_000 - 10 * at, 1_001 - 10 * at, 988 - 10 * at, 990 - 10 * at];
  const prices = { open: open ?? null, high: high ?? null, low: low ?? null, close: close ?? null };
  const fixed = { completeness: "full", enrichedRevision: 0, volumeBase: 5, volumeSma20: 2, vd: 1, atr14: 13 } as const;
  return { openTime, closeTime: openTime + MINUTE, ...fixed, ...prices, trendAngle: -20, trendStrength: 0.5 };
}

beforeAll(async () => {
  gateway = await startGateway();
  const bars = Array.from({ length: COUNT }, (_, i) => barAt(i));
  const key = { venue: "binance", timeframe: "1m", anchor: "UTC", session: "all", calendar: "crypto" } as const;
  for (const instrument of ["BTC-USDT", "ETH-USDT"]) {
    await insertInstrument(gateway.database, "binance", instrument, instrument.replace("-", ""));
    await insertCandles(
      gateway.database,
      bars.map(({ openTime, open, close }) => createCandle({ instrument, openTime, open, close })),
    );
    for (const [i] of bars.entries()) {
      const none = { sentiment: null, futures: null, earlier: { bullish: null, bearish: null } };
      const surroundings = { higher: HIGHER, live: LIVE, ...none };
      const inputs = { key: { ...key, instrument }, bars: bars.slice(Math.max(0, i - 20), i + 1), surroundings };
      const judgement = judge(inputs);
      patterns.push(...judgement.patterns);
      if (judgement.signal !== null) signals.push({ signal: judgement.signal, inputs });
    }
  }
  patterns = patterns.sort((a, b) => a.openTime - b.openTime || (idOf(a) < idOf(b) ? -1 : 1));
  signals = signals.sort((a, b) => a.signal.openTime - b.signal.openTime || (a.signal.id < b.signal.id ? -1 : 1));
  for (const pattern of patterns) await insert("patterns", pattern, { kind: pattern.kind }, { revision: 0, state: "complete" });
  for (const { signal, inputs } of signals) {
    const more = { id: signal.id, level: signal.level, inputs: JSON.stringify(inputs) };
    await insert("signals", signal, more, { revision: 0, state: "active" });
  }
  await until(async () => (await gateway.get("/health")).status === 200, "healthy");
});
afterAll(async () => gateway?.[Symbol.asyncDispose]());

const idOf = (of: JudgedPattern): string => [of.venue, of.instrument, of.timeframe, of.anchor, of.session, of.openTime, of.kind].join(":");

/** Writes a row as the pattern-detector does. */
async function insert(
  table: string,
  judged: JudgedPattern | JudgedSignal,
  more: Readonly<Record<string, string>>,
  sent: { revision: number; state: string },
): Promise<void> {
  const { venue, instrument, timeframe, anchor, session, openTime, closeTime, direction, weightedConfidence } = judged;
  const columns = {
    venue,
    instrument,
    timeframe,
    anchor,
    session,
    direction,
    ...sent,
    weighted_confidence: weightedConfidence,
    lane: 0,
    ...more,
  };
  const row = {
    ...columns,
    open_time: new Date(openTime).toISOString(),
    close_time: new Date(closeTime).toISOString(),
    payload: JSON.stringify({ ...judged, ...sent }),
  };
  const names = Object.keys(row);
  await gateway.database.query(
    `insert into pattern_detector.${table} (${names.join(", ")}) values (${names.map((_, i) => `$${i + 1}`).join(", ")})`,
    Object.values(row),
  );
}

const get = async (path: string) => {
  const { status, body } = await gateway.get(path);
  expect([path, status]).toEqual([path, 200]);
  return body;
};

test("rows are the messages without their stamps, ascending", async () => {
  const { data, cursor } = await get(`/api/v1/signals?from=${START}`);
  expect(signals.length).toBeGreaterThan(5);
  expect(data).toEqual(signals.map(({ signal }) => ({ ...signal, revision: 0, state: "active" })));
  expect(cursor).toBeNull();
});

test("pages joined are the whole, in both directions, also where rows share their time", async () => {
  for (const range of [`&from=${START}`, ""]) {
    const found: { id: string }[] = [];
    let next: string | null = `/api/v1/patterns?venue=binance${range}&limit=70&columns=openTime,instrument,kind`;
    while (next !== null) {
      const answer = await gateway.get(next);
      if (range === "") found.unshift(...answer.body.data);
      else found.push(...answer.body.data);
      next = /<([^>]+)>; rel="next"/.exec(answer.headers.get("link") ?? "")?.[1] ?? null;
    }
    expect(found).toEqual(patterns.map(({ openTime, instrument, kind }) => ({ openTime, instrument, kind })));
  }
});

test("filters choose by instrument, timeframe, kind, level, direction and time", async () => {
  const count = async (path: string): Promise<number> => (await get(path)).data.length;
  const bullish = patterns.filter(({ direction, instrument }) => direction === 1 && instrument === "ETH-USDT");
  expect(await count("/api/v1/patterns?instrument=binance:ETH-USDT&direction=1&limit=10000")).toBe(bullish.length);
  const engulfing = patterns.filter(({ kind }) => kind === "CDLENGULFING");
  expect(await count("/api/v1/patterns?kind=CDLENGULFING")).toBe(engulfing.length);
  expect(await count("/api/v1/signals?timeframe=3m")).toBe(0);
  for (const level of ["buy", "weak_buy"]) {
    expect(await count(`/api/v1/signals?level=${level}`)).toBe(signals.filter(({ signal }) => signal.level === level).length);
  }
  const { openTime, lead } = (signals[2] as (typeof signals)[number]).signal;
  const same = signals.filter(({ signal }) => signal.openTime === openTime && signal.lead === lead);
  expect(await count(`/api/v1/signals?from=${openTime}&to=${openTime + 1}&kind=${lead}`)).toBe(same.length);
});

test("explain recomputes the same bytes, names the factors, and links the candles", async () => {
  for (const { signal } of signals) {
    const id = encodeURIComponent(signal.id);
    expect((await get(`/api/v1/signals/${id}`)).id).toBe(signal.id);
    const told = await get(`/api/v1/signals/${id}/explain`);
    expect(told).toMatchObject({ id: signal.id, same: true, recomputed: signal, signal });
    expect(told.factors.map(({ name, value }: { name: string; value: number }) => [name, value])).toEqual(Object.entries(signal.factors));
    expect(told.conclusion).toContain(`score ${signal.score}`);
    expect(told.candles.length).toBeLessThanOrEqual(21);
    const { href, openTime, close } = told.candles.at(-1);
    expect((await get(href)).data).toMatchObject([{ openTime, close }]);
  }
  const { factors } = await get(`/api/v1/signals/${encodeURIComponent((signals[0] as (typeof signals)[number]).signal.id)}/explain`);
  const words = Object.fromEntries(factors.map((factor: { name: string; words: string }) => [factor.name, factor.words]));
  expect(words).toMatchObject({ volume: "volume is 2.5 times the mean of the 20 candles before", convergence: "confirmed on 3m, 5m" });
  expect(words.trend).toMatch(/^with the trend on 3m|did not go before it$/);
});

test("explain tells where the recomputation comes to something else", async () => {
  const { id } = (signals[0] as (typeof signals)[number]).signal;
  await gateway.database.query(
    "update pattern_detector.signals set payload = replace(payload::text, '\"score\":0', '\"score\":1')::json where id = $1",
    [id],
  );
  const told = await get(`/api/v1/signals/${encodeURIComponent(id)}/explain`);
  expect(told.same).toBe(false);
  expect(told.recomputed.score).not.toBe(told.signal.score);
  await gateway.database.query(
    "update pattern_detector.signals set payload = replace(payload::text, '\"score\":1', '\"score\":0')::json where id = $1",
    [id],
  );
});

test.each([
  ["/api/v1/signals?level=great", 400, "invalid-parameter", "level"],
  ["/api/v1/signals?direction=2", 400, "invalid-parameter", "direction"],
  ["/api/v1/patterns?level=buy", 400, "unknown-parameter", "level"],
  ["/api/v1/patterns?timeframe=2m", 400, "unknown-timeframe", "timeframe"],
  ["/api/v1/patterns?venue=binance&instrument=BTCUSDT", 404, "unknown-instrument", "instrument"],
  ["/api/v1/signals/nothing", 404, "unknown-signal", "id"],
  ["/api/v1/signals/nothing/explain", 404, "unknown-signal", "id"],
])("%s is answered %i %s", async (path, status, code, field) => {
  expect((await gateway.get(path)).body).toMatchObject({ status, code, field });
});
