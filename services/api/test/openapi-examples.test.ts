import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCandle, type Gateway, insertCandles, insertInstrument, MINUTE, START, startGateway, until } from "./harness.ts";

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: { example?: string; default?: number };
}

interface Operation {
  operationId: string;
  parameters?: Parameter[];
  responses: Record<string, { content?: Record<string, { schema?: object }> }>;
}

/** Runs for ever: what it sends is held to its words elsewhere. */
const ENDLESS = "text/event-stream";
let gateway: Gateway;
// biome-ignore lint/suspicious/noExplicitAny: a document as anybody reads it
let document: any;

beforeAll(async () => {
  gateway = await startGateway();
  await insertInstrument(gateway.database, "binance", "BTC-USDT", "BTCUSDT");
  const times = Array.from({ length: 30 }, (_, i) => START + i * MINUTE);
  await insertCandles(
    gateway.database,
    times.map((openTime) => createCandle({ openTime })),
  );
  document = (await gateway.get("/api/v1/openapi.json")).body;
  await until(async () => (await gateway.get("/api/v1/health")).status === 200, "the gateway is well");
});
afterAll(async () => gateway?.[Symbol.asyncDispose]());

/** Queries out of the examples of the parameters: the required ones, and those with each other one. */
function queriesOf(operation: Operation): string[] {
  const asked = (operation.parameters ?? []).filter((parameter) => parameter.in === "query");
  const textOf = ({ schema }: Parameter): string => String(schema.example ?? schema.default ?? "");
  const always = asked.filter((parameter) => parameter.required);
  const sets = [always, ...asked.filter((parameter) => !parameter.required).map((parameter) => [...always, parameter])];
  return sets.map((set) => new URLSearchParams(Object.fromEntries(set.map((parameter) => [parameter.name, textOf(parameter)]))).toString());
}

test("every example of every route is answered as the document says", async () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(document, "api");
  let answers = 0;
  for (const [path, methods] of Object.entries<Record<string, Operation>>(document.paths)) {
    const operation = methods["get"] as Operation;
    if (path.includes("{")) continue;
    const content = operation.responses["200"]?.content ?? {};
    if (content[ENDLESS] !== undefined) continue;
    const pointer = `/paths/${path.replaceAll("/", "~1")}/get/responses/200/content/application~1json/schema`;
    const isAsTold = ajv.compile({ $ref: `api#${pointer}` });
    for (const query of queriesOf(operation)) {
      const answer = await gateway.get(`${path}?${query}`);
      // without a range or a timeframe no list of candles can be had: the one that is optional stands for the other
      const isHalf = operation.operationId === "listCandles" && !/timeframe=|from=/.test(query);
      expect([path, query, answer.status]).toEqual([path, query, isHalf ? 400 : 200]);
      if (isHalf) continue;
      expect([path, query, isAsTold(answer.body) ? null : isAsTold.errors]).toEqual([path, query, null]);
      answers += 1;
    }
  }
  expect(answers).toBeGreaterThan(15);
});

test("a problem is one that the document describes", async () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, "api");
  const isProblem = ajv.compile({ $ref: "api#/components/schemas/Problem" });
  for (const path of [
    "/api/v1/candles",
    "/api/v1/nothing",
    "/api/v1/candles?venue=x&instrument=y&timeframe=1m",
    "/api/v1/stream?channels=x",
  ]) {
    const { body, headers } = await gateway.get(path);
    expect([path, isProblem(body) ? headers.get("content-type") : isProblem.errors]).toEqual([path, "application/problem+json"]);
  }
});
