import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBrowser, openBrowser, openPage, type WatchedPage } from "../../packages/testkit/src/browser.ts";
import { DemoFleet, MINUTE_MS } from "../fleet/demo-fleet.ts";
import { candleX, chartState, pageWidths, scrollTo, takePicture, until } from "./page-probe.ts";

const DESKTOP = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844, isTouch: true };
const PAST_MS = 300 * MINUTE_MS;
/** What a browser says by itself while the gateway is away. */
const AWAY = /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|WebSocket connection to/;

if (findBrowser() === null) console.warn("no Chromium on the PATH and no CHROMIUM_PATH: the page is not tested in a browser");

describe.skipIf(findBrowser() === null)("the page in a real browser", () => {
  let fleet: DemoFleet;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let port: number;
  let url: string;
  beforeAll(async () => {
    fleet = await DemoFleet.open();
    port = await freePort();
    url = `http://127.0.0.1:${port}/`;
    browser = await openBrowser();
    await startGateway();
  });
  afterAll(async () => {
    await browser?.close();
    await fleet?.[Symbol.asyncDispose]();
  });

  function startGateway() {
    return fleet.start("api", { API_PORT: String(port) });
  }

  test("without an instrument it says what to do, and shows the first one that comes", async () => {
    const watched = await openPage(browser, url, DESKTOP);
    const { page } = watched;
    await page.getByText("No instruments yet", { exact: true }).waitFor();
    await takePicture(page, "empty");
    const now = Date.now();
    const demo = { ...fleet.demo({ startMs: now - PAST_MS, endMs: now + 3_600_000 }) };
    const invented = { SENTIMENT_SOURCES: "demo", FUTURES_SOURCES: "demo" };
    const others = ["aggregator", "indicator", "pattern-detector", "sentiment", "futures-collector"] as const;
    await Promise.all(others.map((name) => fleet.start(name, invented)));
    await fleet.start("ingest", demo);
    await until(
      () => chartState(page),
      (state) => (state?.times.length ?? 0) > 100,
      "candles of the past",
      120_000,
    );
    expectCalm(watched);
    await page.context().close();
  });

  test("the chart is there, moves within 10 s, and follows keys and choices", async () => {
    const watched = await openPage(browser, url, DESKTOP);
    const { page } = watched;
    const before = await until(
      () => chartState(page),
      (state) => state !== null && state.times.length > 100 && state.indicators > 50,
      "candles and indicators",
      90_000,
    );
    await until(
      () => chartState(page),
      (state) => state?.newest !== before?.newest,
      "the chart moves",
    );
    await page.locator('.connection[data-state="live"]').waitFor();
    await page.locator(".price output").waitFor();
    await takePicture(page, "desktop-dark");

    await page.keyboard.press("3");
    await until(
      () => chartState(page),
      (state) => (state?.times.length ?? 0) > 20 && step(state?.times ?? []) === 5 * MINUTE_MS,
      "candles of 5 minutes",
    );
    expect(page.url()).toContain("timeframe=5m");
    await page.getByRole("button", { name: "Indicators" }).click();
    await page.getByLabel("MACD").check();
    await page.getByLabel("Bollinger").check();
    await takePicture(page, "menu");
    await page.keyboard.press("Escape");
    expect(page.url()).toMatch(/show=[^&]*macd/);
    await takePicture(page, "desktop-panes");

    await page.keyboard.press("/");
    await page.keyboard.type("eth");
    await takePicture(page, "search");
    await page.keyboard.press("Enter");
    await page.getByText("ETH-USDT", { exact: true }).first().waitFor();
    expect(page.url()).toContain("instrument=ETH-USDT");
    expectCalm(watched);
    await page.context().close();
  });

  test("a signal is drawn, listed, and explained by a click on its candle, down to the recomputed bytes", async () => {
    const watched = await openPage(
      browser,
      `${url}?venue=demo&instrument=BTC-USDT&timeframe=1m&show=ema,bollinger,rsi,macd,patterns`,
      DESKTOP,
    );
    const { page } = watched;
    await until(
      () => chartState(page),
      (state) => (state?.signals.length ?? 0) > 0 && (state?.indicators ?? 0) > 50,
      "a signal",
      90_000,
    );
    await page.getByText("Open interest").waitFor();
    await page.getByRole("region", { name: "Latest signals" }).getByRole("button").first().waitFor();
    const { signals } = (await chartState(page)) as { signals: number[] };
    await scrollTo(page, signals.at(-1) as number);
    const box = await page.locator(".chart").boundingBox();
    await page.mouse.click(await candleX(page, signals.at(-1) as number), (box?.y ?? 0) + 200);
    const panel = page.getByRole("region", { name: "Explanation" });
    for (const text of ["Confidence", "Trend", "Candles it looked at", "Recomputed from what was recorded: the same, byte for byte."]) {
      await panel.getByText(text).first().waitFor();
    }
    await page.mouse.move(10, 10);
    await takePicture(page, "explain");
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
    await page.getByRole("region", { name: "Latest signals" }).getByRole("button").first().click();
    await panel.waitFor();
    expectCalm(watched);
    await page.context().close();
  }, 180_000);

  test("a gateway that restarts is waited for, and nothing is missing afterwards", async () => {
    const watched = await openPage(browser, `${url}?venue=demo&instrument=BTC-USDT&timeframe=1m`, DESKTOP);
    const { page, errors } = watched;
    const before = await until(
      () => chartState(page),
      (state) => (state?.times.length ?? 0) > 100,
      "candles",
      90_000,
    );
    for (const service of fleet.services("api")) await service.kill();
    await page.locator('.connection[data-state="offline"]').waitFor();
    await takePicture(page, "offline");
    // over the end of a minute, so that a candle closes meanwhile
    await new Promise((resolve) => setTimeout(resolve, MINUTE_MS - (Date.now() % MINUTE_MS) + 3_000));
    await startGateway();
    await page.locator('.connection[data-state="live"]').waitFor();
    const after = await until(
      () => chartState(page),
      (state) => (state?.times.length ?? 0) > (before?.times.length ?? 0),
      "a newer candle",
      90_000,
    );
    const times = after?.times ?? [];
    expect(times).toEqual(times.map((_, i) => (times[0] as number) + i * MINUTE_MS));
    expect(errors.filter((error) => !AWAY.test(error))).toEqual([]);
    await page.context().close();
  }, 180_000);

  test("on a phone and in light colours it fits, and asks nobody else for anything", async () => {
    for (const [name, view] of [
      ["phone-dark", PHONE],
      ["phone-light", { ...PHONE, colorScheme: "light" as const }],
      ["desktop-light", { ...DESKTOP, colorScheme: "light" as const }],
    ] as const) {
      const watched = await openPage(browser, `${url}?venue=demo&instrument=BTC-USDT&timeframe=1m`, view);
      const { page } = watched;
      await until(
        () => chartState(page),
        (state) => (state?.times.length ?? 0) > 100 && (state?.indicators ?? 0) > 50,
        "candles",
        30_000,
      );
      await page.locator('.connection[data-state="live"]').waitFor();
      const [content, window] = await pageWidths(page);
      expect(content).toBe(window);
      await takePicture(page, name);
      expectCalm(watched);
      await page.context().close();
    }
  });

  test("the reference of the API opens and shows every route", async () => {
    const watched = await openPage(browser, `${url}docs`, DESKTOP);
    await watched.page.getByText("/api/v1/candles", { exact: true }).first().waitFor();
    await takePicture(watched.page, "docs");
    expectCalm(watched);
    await watched.page.context().close();
  });
});

function expectCalm({ errors, strangers }: WatchedPage): void {
  expect(errors).toEqual([]);
  expect(strangers).toEqual([]);
}

/** Distance of the last two times. */
function step(times: readonly number[]): number {
  return (times.at(-1) ?? 0) - (times.at(-2) ?? 0);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close((error) => (error ? reject(error) : resolve(port)));
    });
  });
}
