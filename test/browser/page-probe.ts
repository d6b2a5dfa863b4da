import { join } from "node:path";
import type { WatchedPage } from "../../packages/testkit/src/browser.ts";

type Page = WatchedPage["page"];

/** What the page's chart holds, read through the object that it leaves for tests. */
export interface ChartState {
  /** Open times of the candles, ascending. */
  times: number[];
  /** The newest candle as text: it differs as soon as a trade came. */
  newest: string;
  indicators: number;
  /** Open times of the candles with a signal that is drawn, ascending. */
  signals: number[];
}

/** State of the chart; null before it is there. */
export function chartState(page: Page): Promise<ChartState | null> {
  return page.evaluate(() => {
    // biome-ignore lint/suspicious/noExplicitAny: the page's own object
    const chart = (globalThis as any).tickfleet?.chart;
    if (chart === undefined) return null;
    const rows = chart.candles.rows() as { openTime: number }[];
    return {
      times: rows.map((row) => row.openTime),
      newest: JSON.stringify(rows.at(-1)),
      indicators: chart.indicators.size as number,
      signals: [...(chart.signals.values() as Iterable<{ openTime: number; state: string; direction: number }>)]
        .filter((signal) => signal.state === "active" && signal.direction !== 0)
        .map((signal) => signal.openTime)
        .sort((a, b) => a - b),
    };
  });
}

/** Brings a candle into view. */
export function scrollTo(page: Page, openTime: number): Promise<void> {
  // biome-ignore lint/suspicious/noExplicitAny: the page's own object
  return page.evaluate((time) => (globalThis as any).tickfleet.chart.scrollTo(time), openTime);
}

/** Pixel in the window of a candle's column. */
export async function candleX(page: Page, openTime: number): Promise<number> {
  const box = await page.locator(".chart").boundingBox();
  // biome-ignore lint/suspicious/noExplicitAny: the page's own object
  const x = await page.evaluate((time) => (globalThis as any).tickfleet.chart.xOf(time) as number | null, openTime);
  if (box === null || x === null) throw new Error(`the candle of ${openTime} is not in view`);
  return box.x + x;
}

/** Pixels that the content takes, and that the window has. */
export function pageWidths(page: Page): Promise<[number, number]> {
  return page.evaluate(() => {
    // biome-ignore lint/suspicious/noExplicitAny: the page's own object
    const { document, innerWidth } = globalThis as any;
    return [document.documentElement.scrollWidth, innerWidth] as [number, number];
  });
}

/** Waits for a state of the page; the error says what it was instead. */
export async function until<T>(read: () => Promise<T>, holds: (value: T) => boolean, what: string, timeoutMs = 10_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > deadline)
      throw new Error(`${timeoutMs / 1_000} s passed and not yet: ${what}; it was ${JSON.stringify(value)?.slice(0, 500)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Writes a picture where `PICTURES_DIR` names a folder. */
export async function takePicture(page: Page, name: string): Promise<void> {
  const folder = process.env["PICTURES_DIR"];
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`) });
}
