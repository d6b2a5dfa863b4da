import { type Channel, parseChannel } from "@tickfleet/contracts/channel";
import { expect, test } from "vitest";
import { describeSilence } from "./silence.ts";

const on = (...texts: string[]): Channel[] => texts.map((text) => parseChannel(text) as Channel);
const record = [
  { venue: "demo", instrument: "BTC-USDT" },
  { venue: "lean", instrument: "SPY" },
];

test("channels of instruments that are not on record are named, with those that are", () => {
  expect(describeSilence(on("candle:demo:NOPE-X:1m", "candle:demo:SPY:1m", "candle:*:SPY:1m", "trade:*:*"), record)).toBe(
    "nothing came yet; no instrument on record is on candle:demo:NOPE-X:1m, candle:demo:SPY:1m; on record are demo:BTC-USDT, lean:SPY",
  );
});

test("channels that may speak later are not blamed, and a long list is cut", () => {
  const many = Array.from({ length: 23 }, (_, i) => ({ venue: "v", instrument: `I${i}` }));
  expect(describeSilence(on("candle:v:I22:1m", "clock:*:*"), many)).toMatch(/^nothing came yet; on record are v:I0, .*, v:I19 and 3 more$/);
  expect(describeSilence(on("clock:*:*"), [])).toBe("nothing came yet; no instrument is on record");
});
