import { expect, test } from "vitest";
import { isLong } from "../../packages/testkit/src/long-form.ts";
import { LiveFleet, MINUTE_MS, say } from "./live-fleet.ts";

const SECOND_MS = 1_000;
/** A cut of the WebSocket, around the end of the first full minute. */
const CUT = isLong ? { from: 45 * SECOND_MS, to: 135 * SECOND_MS } : { from: 45 * SECOND_MS, to: 65 * SECOND_MS };
/** After the end of a minute, what a live connection may take to close it. */
const CLOSED_MS = 3 * SECOND_MS;
const TIMEOUT_MS = 300_000;

const GAP_OPEN = expect.objectContaining({ state: "open" });

/** Open times of the minutes that a stretch of venue time touches. */
function minutesOf(fromMs: number, toMs: number): number[] {
  const first = Math.floor(fromMs / MINUTE_MS) * MINUTE_MS;
  return Array.from({ length: Math.ceil((toMs - first) / MINUTE_MS) }, (_, i) => first + i * MINUTE_MS);
}

/** The venue's time of the last status with this state. */
function lastStatus(fleet: LiveFleet, state: "live" | "down"): number {
  return fleet.statuses.findLast(({ message }) => message.state === state)?.atMs ?? 0;
}

/** Cuts the WebSocket and gives the time at which it was up again. */
async function cut(fleet: LiveFleet, fromMs: number, toMs: number): Promise<number> {
  await fleet.at(fromMs);
  fleet.venue.cut();
  await fleet.at(toMs);
  fleet.venue.restore();
  await fleet.until(() => lastStatus(fleet, "live") >= toMs, 40_000, "connected again");
  return lastStatus(fleet, "live");
}

/** The table's rows and the newest messages say the same. */
async function rowsAreAsTold(fleet: LiveFleet, symbol: string): Promise<void> {
  let { rows, messages } = await fleet.rowsAndMessages(symbol);
  for (let attempt = 0; attempt < 20 && JSON.stringify(rows) !== JSON.stringify(messages); attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    ({ rows, messages } = await fleet.rowsAndMessages(symbol));
  }
  expect(rows).toEqual(messages);
}

test.concurrent(
  "a cut that REST fills: its candles are backfilled from the first, and exact",
  async () => {
    await using fleet = await LiveFleet.open(4 * SECOND_MS);
    fleet.trade("BTCUSDT", null);
    const start = await fleet.live(SECOND_MS / 2);
    // ETH trades in the last minute only while the link is cut
    fleet.trade("ETHUSDT", [
      [start, start + 3_000],
      [start + 47_000, start + CUT.to - 2_000],
    ]);
    const back = await cut(fleet, start + CUT.from, start + CUT.to);
    const minutes = minutesOf(start + CUT.from, back);
    await fleet.at((minutes.at(-1) as number) + MINUTE_MS + CLOSED_MS);

    for (const symbol of ["BTCUSDT", "ETHUSDT"]) {
      const filledAt = fleet.gapsOf(symbol).find(({ message }) => message.state === "filled")?.atMs ?? Number.NaN;
      expect(fleet.gapsOf(symbol)[0]?.message, symbol).toEqual(GAP_OPEN);
      for (const minute of minutes) {
        const closedAt = fleet.minute(symbol, minute)[0]?.atMs ?? Number.NaN;
        expect(fleet.story(symbol, minute), `${symbol} minute ${(minute - start) / MINUTE_MS}`).toEqual(["closed 0 backfilled"]);
        expect(fleet.told(symbol, minute)).toEqual(fleet.totals(symbol, minute));
        expect(closedAt).toBeGreaterThan(filledAt - 1);
        expect(closedAt).toBeLessThan(Math.max(filledAt + 10 * SECOND_MS, minute + MINUTE_MS + CLOSED_MS));
      }
      say(
        `${symbol} filled ${filledAt - back} ms after the reconnect; closed ${minutes.map((minute) => (fleet.minute(symbol, minute)[0]?.atMs ?? 0) - filledAt)} ms after that, with ${minutes.map((minute) => fleet.told(symbol, minute)?.trades)} trades`,
      );
      await rowsAreAsTold(fleet, symbol);
    }
  },
  TIMEOUT_MS,
);

test.runIf(isLong).concurrent(
  "a cut that REST refuses to fill: its candles are partial, later ones full",
  async () => {
    await using fleet = await LiveFleet.open(13 * SECOND_MS);
    fleet.trade("BTCUSDT", null);
    const start = await fleet.live(10 * SECOND_MS);
    // of the first full minute all trades of ETH are missing
    fleet.trade("ETHUSDT", [
      [fleet.now, start - 8_000],
      [start + 1_000, start + 6_000],
      [start + MINUTE_MS, start + MINUTE_MS + 3_000],
    ]);
    await fleet.at(start - 8_000);
    fleet.venue.refuseRest(503);
    const back = await cut(fleet, start - 8_000, start + 12_000);
    expect(back).toBeLessThan(start + 20_000);
    await fleet.at(start + 2 * MINUTE_MS + CLOSED_MS);

    for (const symbol of ["BTCUSDT", "ETHUSDT"]) {
      for (const minute of [start - MINUTE_MS, start]) {
        const story = fleet.story(symbol, minute);
        say(
          `${symbol} minute ${(minute - start) / MINUTE_MS}, nothing filled: ${story}, ${fleet.minute(symbol, minute).map(({ atMs }) => atMs - minute - MINUTE_MS)} ms after its end`,
        );
        expect(story.at(-1), `${symbol} minute ${(minute - start) / MINUTE_MS}`).toMatch(/ partial$/);
        expect(story.join()).not.toMatch(/full|backfilled|no-trades/);
      }
      expect(fleet.told(symbol, start)?.trades).toBeLessThan(fleet.totals(symbol, start).trades);
      expect(fleet.story(symbol, start + MINUTE_MS), symbol).toEqual(["closed 0 full"]);
      expect(fleet.told(symbol, start + MINUTE_MS)).toEqual(fleet.totals(symbol, start + MINUTE_MS));
      expect(fleet.minute(symbol, start + MINUTE_MS)[0]?.atMs).toBeLessThan(start + 2 * MINUTE_MS + CLOSED_MS);
      await rowsAreAsTold(fleet, symbol);
    }
    expect(fleet.told("ETHUSDT", start)?.trades).toBe(0);
  },
  TIMEOUT_MS,
);

test.runIf(isLong).concurrent(
  "a silent connection closes nothing, its hole is a gap; a late fill revises partial candles",
  async () => {
    await using fleet = await LiveFleet.open(13 * SECOND_MS, { INGEST_BINANCE_LIVENESS_MS: "12000" });
    fleet.trade("BTCUSDT", null);
    const start = await fleet.live(10 * SECOND_MS);
    fleet.trade("ETHUSDT", [
      [fleet.now, start - 9_000],
      [start - 7_900, start + 3_000],
      [start + 50_000, start + 70_000],
    ]);
    await fleet.at(start - 8_000);
    const silentAt = fleet.now;
    fleet.venue.silence();
    await fleet.until(() => lastStatus(fleet, "live") > silentAt, 30_000, "connected again after the silence");
    const backAt = lastStatus(fleet, "live");
    expect(backAt).toBeGreaterThan(start + 2_000);
    expect(fleet.candles.filter(({ atMs }) => atMs > silentAt && atMs < backAt)).toEqual([]);
    const promised = fleet.clocks.filter(({ atMs }) => atMs < backAt).map(({ message }) => message.time / 1000);
    expect(Math.max(...promised)).toBeLessThanOrEqual(silentAt);

    await fleet.at(start + 44_000);
    fleet.venue.holdRest(true);
    const back = await cut(fleet, start + 45_000, start + 65_000);
    await fleet.at(back + 25_000);
    fleet.venue.holdRest(false);
    await fleet.at(start + 2 * MINUTE_MS + CLOSED_MS);

    for (const symbol of ["BTCUSDT", "ETHUSDT"]) {
      const gaps = fleet.gapsOf(symbol);
      const lateFill = gaps.findLast(({ message }) => message.state === "filled")?.atMs ?? Number.NaN;
      expect(gaps[0]?.message).toEqual(GAP_OPEN);
      expect((gaps[0]?.message.from ?? Number.NaN) / 1000).toBeLessThanOrEqual(silentAt);
      expect(gaps.filter(({ message }) => message.state === "filled").length).toBe(2);
      const [first, second, third] = [start - MINUTE_MS, start, start + MINUTE_MS].map((minute) => fleet.story(symbol, minute)) as [
        string[],
        string[],
        string[],
      ];
      say(`${symbol} silent, then cut: ${first}; ${second}; ${third}; filled ${lateFill - back} ms after the reconnect`);
      // partial where the connection did not cover it from its beginning
      expect(first).toHaveLength(1);
      expect(first[0]).toMatch(/^closed 0 (partial|backfilled)$/);
      expect(second.slice(0, 1)).toEqual(["closed 0 partial"]);
      expect(second.at(-1)).toMatch(/^revised \d+ backfilled$/);
      expect(second.join()).not.toMatch(/full|no-trades|venue-down/);
      expect(third).toEqual(["closed 0 backfilled"]);
      for (const minute of [start, start + MINUTE_MS]) expect(fleet.told(symbol, minute)).toEqual(fleet.totals(symbol, minute));
      expect(lateFill).toBeGreaterThan(back + 25_000);
      await rowsAreAsTold(fleet, symbol);
    }
  },
  TIMEOUT_MS,
);

test.runIf(isLong).concurrent(
  "trades sent twice, frames that cannot be read, and an instrument without trades",
  async () => {
    await using fleet = await LiveFleet.open(4 * SECOND_MS);
    fleet.trade("BTCUSDT", null);
    const start = await fleet.live(SECOND_MS / 2);
    const quiet = fleet.push("ETHUSDT");
    await fleet.at(start + 10_000);
    const sent = Array.from({ length: 1_000 }, () => fleet.push("BTCUSDT"));
    for (const trade of sent) fleet.venue.sendTrade("BTCUSDT", trade);
    await fleet.at(start + 20_000);
    const frames = ["{", '{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","t":1,"p":"x","q":"1","T":1,"m":true}}', "not JSON"];
    for (const frame of frames) fleet.venue.pushRaw(frame);
    fleet.sendImpossible("BTCUSDT", { price: "0.00000000" });
    fleet.sendImpossible("BTCUSDT", { size: "-1.00000000" });
    fleet.sendImpossible("BTCUSDT", { timeMs: fleet.now + 6_500 });
    await fleet.at(start + 2 * MINUTE_MS + CLOSED_MS);

    for (const minute of [start, start + MINUTE_MS]) {
      expect(fleet.story("BTCUSDT", minute)).toEqual(["closed 0 full"]);
      expect(fleet.told("BTCUSDT", minute)).toEqual(fleet.totals("BTCUSDT", minute));
      expect(fleet.story("ETHUSDT", minute)).toEqual(["closed 0 no-trades"]);
      const { message, atMs } = fleet.minute("ETHUSDT", minute)[0] as (typeof fleet.candles)[number];
      expect(message).toMatchObject({ open: null, close: null, volumeBase: 0, trades: 0, lastClose: Number(quiet.price) });
      expect(atMs).toBeLessThan(minute + MINUTE_MS + CLOSED_MS);
    }
    expect(fleet.told("BTCUSDT", start)?.trades).toBeGreaterThan(1_200);
    expect(fleet.statuses.map(({ message }) => message.state)).toEqual(["live"]);
    expect(fleet.gaps).toEqual([]);
    expect(await fleet.metric("tickfleet_ingest_quarantined_total")).toBe(frames.length + 3);
    const kept = await fleet.database.query<{ raw: string; reason: string }>(
      "select raw, reason from ingest.pub_quality_events order by id",
    );
    expect(kept.map(({ raw }) => raw).slice(0, frames.length)).toEqual(frames);
    expect(kept.length).toBe(frames.length + 3);
    for (const symbol of ["BTCUSDT", "ETHUSDT"]) await rowsAreAsTold(fleet, symbol);
  },
  TIMEOUT_MS,
);
