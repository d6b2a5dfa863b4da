import { expect, test } from "vitest";
import { DEMO_INSTRUMENTS, type DemoInstrument } from "./instruments.ts";
import { createDemoNews, demoItemsOfMinute } from "./news.ts";
import { createDemoPerpetuals, demoFundingsBefore, demoPerpetualAt } from "./perpetuals.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** 2024-03-01T12:00:30Z */
const NOW = 1_709_294_430_000;
const signal = new AbortController().signal;
const BTC = DEMO_INSTRUMENTS[0] as DemoInstrument;

test("texts are a function of seed and minute: whoever asks for a span gets the same", async () => {
  const news = createDemoNews({ seed: 3, kind: "reddit" });
  const ask = async (sinceMs: number, nowMs: number) => (await news.read({ terms: [], sinceMs, nowMs }, signal)).items;
  const whole = await ask(NOW - 6 * HOUR, NOW);
  const parts = [...(await ask(NOW - 6 * HOUR, NOW - 2 * HOUR)), ...(await ask(NOW - 2 * HOUR, NOW))];
  const ids = new Set(parts.map(({ externalId }) => externalId));
  expect(whole.filter(({ externalId }) => !ids.has(externalId)).length).toBeLessThanOrEqual(1); // the minute on the border
  for (const part of parts) expect(whole).toContainEqual(part);
  expect(await createDemoNews({ seed: 4, kind: "reddit" }).read({ terms: [], sinceMs: NOW - HOUR, nowMs: NOW }, signal)).not.toEqual(
    await createDemoNews({ seed: 3, kind: "reddit" }).read({ terms: [], sinceMs: NOW - HOUR, nowMs: NOW }, signal),
  );
});

test("texts are marked as invented, have no address, no place left open, and are of their minute", () => {
  const items = Array.from({ length: 2_000 }, (_, i) => demoItemsOfMinute(7, 28_000_000 + i)).flat();
  expect(items.length).toBeGreaterThan(1_000);
  expect(new Set(items.map(({ externalId }) => externalId)).size).toBe(items.length);
  for (const { source, url, title, description, publishedTime, externalId, likes } of items) {
    expect([source.startsWith("demo-"), url]).toEqual([true, null]);
    expect(`${title} ${description}`).not.toMatch(/[{}]|undefined|NaN|Infinity/);
    expect(Math.floor(publishedTime / MINUTE)).toBe(Number(externalId.split("-")[1]));
    expect(Number.isSafeInteger(likes) && likes >= 0).toBe(true);
  }
  for (const demo of DEMO_INSTRUMENTS)
    expect(items.filter(({ externalId }) => externalId.endsWith(`-${demo.index}`)).length).toBeGreaterThan(20);
});

test("perpetuals stay near their index, with rates and open interest within bounds", () => {
  for (const demo of DEMO_INSTRUMENTS) {
    for (let i = 0; i < 500; i++) {
      const { markPrice, indexPrice, openInterest, fundingRate, nextFundingTime, time } = demoPerpetualAt(7, demo, 28_000_000 + i * 37);
      const [mark, index] = [markPrice as number, indexPrice as number];
      expect(Math.abs(mark / index - 1)).toBeLessThan(0.001);
      expect(openInterest).toBeGreaterThan(0);
      expect(Math.abs(fundingRate as number)).toBeLessThan(0.003);
      expect((nextFundingTime as number) - time).toBeGreaterThan(0);
      expect((nextFundingTime as number) % (8 * HOUR)).toBe(0);
    }
  }
});

test("what was paid is what the contract said in the minute before", () => {
  const paid = demoFundingsBefore(7, BTC, NOW);
  expect(paid).toHaveLength(21);
  for (const { fundingTime, rate } of paid) {
    expect(fundingTime).toBeLessThanOrEqual(NOW);
    expect(demoPerpetualAt(7, BTC, fundingTime / MINUTE - 1)).toMatchObject({ fundingRate: rate, nextFundingTime: fundingTime });
  }
});

test("a contract that the demo does not have is refused", async () => {
  await expect(createDemoPerpetuals({ seed: 7, now: () => NOW }).readState("BTC-USDT", signal)).rejects.toThrow(/no perpetual BTC-USDT/);
});
