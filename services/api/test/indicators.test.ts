import { candleSchema } from "@tickfleet/contracts/candle-messages";
import { INDICATOR_NAMES } from "@tickfleet/contracts/enriched-messages";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCandle, type Gateway, insertInstrument, MINUTE, START, startGateway, until } from "./harness.ts";

const COUNT = 250;
const PATH = "/api/v1/indicators?venue=binance&instrument=BTC-USDT&timeframe=1m";
let gateway: Gateway;

const snakeCase = (wire: string): string => wire.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** What the indicator service would store of the i-th minute. */
function valuesOf(i: number): Record<string, number | null> {
  return Object.fromEntries(INDICATOR_NAMES.map((name, place) => [name, i < place ? null : 0.1 + i + place / 3]));
}

beforeAll(async () => {
  gateway = await startGateway();
  await insertInstrument(gateway.database, "binance", "BTC-USDT", "BTCUSDT");
  await gateway.database.query("insert into indicator.algorithm_sets (ids) values ('sma@1.0.0(period=50) rsi@1.0.0(period=14)')");
  const rows = Array.from({ length: COUNT }, (_, i) => {
    const { revision, algo, ...candle } = createCandle({ openTime: START + i * MINUTE });
    return {
      ...Object.fromEntries(Object.entries({ ...candle, ...valuesOf(i) }).map(([wire, value]) => [snakeCase(wire), value])),
      ...{ open_time: new Date(candle.openTime).toISOString(), close_time: new Date(candle.closeTime).toISOString() },
      ...{
        candle_revision: revision,
        candle_algo: algo,
        revision: i % 3,
        algo_set: 1,
        undefined_names: i === 7 ? "stochK stochD" : "",
        lane: 0,
      },
    };
  });
  const kept = Object.keys(candleSchema.shape).filter((wire) => !["revision", "algo", "vwapSession"].includes(wire));
  const columns = [...kept, ...INDICATOR_NAMES]
    .map(snakeCase)
    .concat("candle_revision", "candle_algo", "revision", "algo_set", "undefined_names", "lane");
  await gateway.database.query(
    `insert into indicator.enriched_candles (${columns.join(", ")}, running)
     select ${columns.join(", ")}, '' from json_populate_recordset(null::indicator.enriched_candles, $1)`,
    [JSON.stringify(rows)],
  );
  await until(async () => (await gateway.get("/health")).status === 200, "healthy");
});
afterAll(async () => gateway?.[Symbol.asyncDispose]());

test("a row holds the candle's close, both revisions and every indicator to the last bit", async () => {
  const { body, status } = await gateway.get(`${PATH}&from=${START + 7 * MINUTE}&to=${START + 8 * MINUTE}`);
  expect(status).toBe(200);
  const openTime = START + 7 * MINUTE;
  const { close } = createCandle({ openTime });
  expect(body).toEqual({
    data: [
      {
        ...{ openTime, closeTime: openTime + MINUTE, close, completeness: "full", revision: 1, candleRevision: 0 },
        ...valuesOf(7),
        undefined: ["stochK", "stochD"],
      },
    ],
    cursor: null,
  });
});

test("pages joined are the whole, in both directions", async () => {
  for (const range of [`&from=${START}`, ""]) {
    const rows: { openTime: number; rsi14: number | null }[] = [];
    let next: string | null = `${PATH}${range}&limit=80&columns=openTime,rsi14`;
    while (next !== null) {
      const answer = await gateway.get(next);
      rows.push(...answer.body.data);
      next = /<([^>]+)>; rel="next"/.exec(answer.headers.get("link") ?? "")?.[1] ?? null;
    }
    rows.sort((a, b) => a.openTime - b.openTime);
    expect(rows).toEqual(Array.from({ length: COUNT }, (_, i) => ({ openTime: START + i * MINUTE, rsi14: valuesOf(i)["rsi14"] })));
  }
});

test.each([
  [`${PATH}&columns=rsi`, 400, "unknown-column", "columns"],
  [`${PATH}&state=closed`, 400, "unknown-parameter", "state"],
  [PATH.replace("1m", "2m"), 400, "unknown-timeframe", "timeframe"],
  [PATH.replace("BTC-USDT", "BTCUSDT"), 404, "unknown-instrument", "instrument"],
])("%s is answered %i %s", async (path, status, code, field) => {
  expect((await gateway.get(path)).body).toMatchObject({ status, code, field });
});
