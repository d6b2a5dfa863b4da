import type { NewsItem, NewsKind, NewsSource } from "../news.ts";
import { chance, hash } from "./hash.ts";
import { DEMO_INSTRUMENTS, type DemoInstrument } from "./instruments.ts";
import { DEMO_NAMES, type Mood, NEWS_TEMPLATES, type NewsTemplate } from "./news-templates.ts";
import { midAt, regimeAt } from "./price.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Stream of chance of the texts, beside those of the prices. */
const NEWS_LANE = 600;
const MOOD_LANE = 700;
/** Trades per minute of a market that is written about every minute. */
const TRADES_PER_ITEM = 480;
const NEWS_SHARE = 0.35;

export interface DemoNewsOptions {
  seed: number;
  kind: NewsKind;
}

/** Invented headlines or posts about the demo's markets, without addresses: a pure function of the seed and the minute. */
export function createDemoNews({ seed, kind }: DemoNewsOptions): NewsSource {
  return {
    name: `demo-${kind}`,
    kind,
    provider: "demo",
    minIntervalMs: 0,
    async read({ sinceMs, nowMs }) {
      const items: NewsItem[] = [];
      for (let minute = Math.ceil(sinceMs / MINUTE_MS); minute < Math.floor(nowMs / MINUTE_MS); minute++) {
        items.push(...demoItemsOfMinute(seed, minute).filter((item) => item.kind === kind));
      }
      return { items, skipped: [], fault: null, answered: true };
    },
  };
}

/** What is written in a minute (since the epoch), at most one text per market. */
export function demoItemsOfMinute(seed: number, minute: number): NewsItem[] {
  return DEMO_INSTRUMENTS.flatMap((demo) => {
    const draw = (what: number): number => chance(seed, NEWS_LANE + demo.index, minute, what);
    if (draw(0) >= demo.tradesPerMinute / TRADES_PER_ITEM) return [];
    const kind: NewsKind = draw(1) < NEWS_SHARE ? "news" : "reddit";
    const time = minute * MINUTE_MS + Math.floor(draw(2) * MINUTE_MS);
    const templates = NEWS_TEMPLATES[kind][moodAt(seed, demo, time, draw(3))];
    const template = templates[hash(seed, NEWS_LANE + demo.index, minute, 4) % templates.length] as NewsTemplate;
    const fill = (text: string): string => text.replace(/\{(\w+)\}/g, (_, name: string) => wordOf(name, seed, demo, time, draw));
    return [
      {
        source: `demo-${kind}`,
        kind,
        externalId: `${seed}-${minute}-${demo.index}`,
        origin: kind === "news" ? "Demo Wire" : "demo",
        url: null,
        title: fill(template.title),
        description: fill(template.description),
        publishedTime: time,
        language: "en",
        likes: kind === "news" ? 0 : Math.floor(draw(5) ** -0.8),
        shares: kind === "news" ? 0 : Math.floor(4 * draw(6) ** 4),
      },
    ];
  });
}

/** Texts follow the price of the hours before, and the weather. */
function moodAt(seed: number, demo: DemoInstrument, timeMs: number, draw: number): Mood {
  const weather = 2 * chance(seed, MOOD_LANE + demo.index, Math.floor(timeMs / (2 * HOUR_MS))) - 1;
  const lean = 0.6 * Math.tanh(moveBefore(seed, demo, timeMs) / demo.dailyMove) + 0.25 * weather;
  if (draw < 0.2) return "quiet";
  return draw < 0.6 + 0.4 * lean ? "bullish" : "bearish";
}

/** Movement of the price over four hours, as a logarithm. */
function moveBefore(seed: number, demo: DemoInstrument, timeMs: number): number {
  const before = timeMs - 4 * HOUR_MS;
  return Math.log(midAt(seed, demo, timeMs, regimeAt(seed, timeMs)) / midAt(seed, demo, before, regimeAt(seed, before)));
}

function wordOf(name: string, seed: number, demo: DemoInstrument, timeMs: number, draw: (what: number) => number): string {
  const ticker = demo.instrument.split("-", 1)[0] as string;
  const price = midAt(seed, demo, timeMs, regimeAt(seed, timeMs));
  switch (name) {
    case "name":
      return DEMO_NAMES[ticker] ?? ticker;
    case "ticker":
      return ticker;
    case "cash":
      return `$${ticker}`;
    case "price":
      return priceText(price);
    case "level":
      return priceText(price * (0.9 + 0.2 * draw(7)));
    case "move":
      return Math.max(0.1, Math.abs(100 * moveBefore(seed, demo, timeMs))).toFixed(1);
    default:
      return String(2 + Math.floor(draw(8) * 28));
  }
}

/** Four digits that count. */
function priceText(price: number): string {
  return Number(price.toPrecision(4)).toString();
}
