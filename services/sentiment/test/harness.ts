import { sentiment } from "@tickfleet/contracts/context-messages";
import { type ContextSurroundings, openContextSurroundings, type PublishedContext } from "@tickfleet/testkit/context-surroundings";
import type { ServiceUnderTest } from "@tickfleet/testkit/process";
import { expect, vi } from "vitest";
import type { StoredText } from "./plain-sentiment.ts";

export type Published = PublishedContext<typeof sentiment>;
export type Surroundings = ContextSurroundings<typeof sentiment>;

export const EVERY_SECOND = "* * * * * *";
export const MINUTE_MS = 60_000;

/** Broker and database, with instruments of these assets. */
export async function openSurroundings(instruments: readonly (readonly [venue: string, instrument: string])[]): Promise<Surroundings> {
  const around = await openContextSurroundings(["ingest", "sentiment"], sentiment);
  around.env["SENTIMENT_LEASE_MS"] = "1500";
  await insertInstruments(around, instruments);
  return around;
}

export async function insertInstruments(around: Surroundings, instruments: readonly (readonly [string, string])[]): Promise<void> {
  for (const [venue, instrument] of instruments) {
    await around.database.query(
      `insert into ingest.instruments (venue, instrument, venue_symbol, calendar, kind, contract_size, price_scale, size_scale, close_delay_ms)
       values ($1, $2, $2, 'crypto', 'spot', 1, 2, 5, 250)`,
      [venue, instrument],
    );
  }
}

export async function publishedAtLeast(around: Surroundings, count: number): Promise<Published[]> {
  return vi.waitFor(
    async () => {
      const published = await around.published();
      expect(published.length).toBeGreaterThanOrEqual(count);
      return published;
    },
    { timeout: 90_000, interval: 200 },
  );
}

/** Texts as stored, for a computation of one's own. */
export async function storedTexts(around: Surroundings, provider: string): Promise<StoredText[]> {
  const rows = await around.database.query<Omit<StoredText, "published"> & { published: Date }>(
    `select source, kind, published_time as published, score, confidence, likes, shares, coalesce(assets, '{}') as assets, text_hash as hash
     from sentiment.news_events where provider = $1`,
    [provider],
  );
  return rows.map((row) => ({ ...row, published: row.published.getTime() }));
}

export async function components(of: ServiceUnderTest): Promise<Record<string, { ok: boolean; detail: string }>> {
  const answer = await fetch(`http://127.0.0.1:${of.opsPort}/readyz`);
  return ((await answer.json()) as { components: Record<string, { ok: boolean; detail: string }> }).components;
}

/** Samples of a metric as a service tells them, such as `{source="reddit",outcome="failed"}`, and their values. */
export async function samples(of: ServiceUnderTest, metric: string): Promise<Record<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${of.opsPort}/metrics`)).text();
  const found = text.matchAll(new RegExp(`^tickfleet_${metric}\\{(.*),service="sentiment"\\} (\\S+)$`, "gm"));
  return Object.fromEntries(Array.from(found, ([, labels, value]) => [labels, Number(value)]));
}

/** The same minute of an asset is told once. */
export function expectOncePerMinute(published: readonly Published[]): void {
  const keys = published.map(({ subject, payload }) => `${subject} ${payload.validFrom}`);
  expect(keys.length).toBe(new Set(keys).size);
}
