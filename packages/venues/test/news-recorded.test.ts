import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parseFundingInfo, parseOpenInterest, parsePremiumIndex } from "@tickfleet/venues/binance-usdm/parse";
import { parseListing } from "@tickfleet/venues/reddit/parse";
import { describe, expect, it } from "vitest";
import { hasRecorded, RECORDED, recordedTitle } from "./recorded.ts";

function linesOf(file: string): Record<string, unknown>[] {
  const text = gunzipSync(readFileSync(join(RECORDED, file))).toString();
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe.skipIf(!hasRecorded)(`news and perpetuals ${recordedTitle}`, () => {
  it.each([
    ["messages/reddit/listing_front_new.jsonl.gz", 100],
    ["messages/reddit/listing_controversial.jsonl.gz", 100],
  ])("every post of the Reddit listing %s is read", (file, posts) => {
    const [line] = linesOf(file);
    const { items, skipped } = parseListing(JSON.parse(line?.["body"] as string));
    expect(items.length + skipped.length).toBe(posts);
    expect(new Set(items.map(({ externalId }) => externalId)).size).toBe(items.length);
    // texts that their authors took back are among them
    expect(skipped.length).toBeLessThan(posts / 4);
    for (const { publishedTime, url } of items) {
      expect(publishedTime).toBeGreaterThan(Date.parse("2008-01-01"));
      expect(url).toMatch(/^https:\/\/www\.reddit\.com\/r\/\w+\/comments\/\w+\//);
    }
  });

  it("USD-M examples of open interest, premium index and intervals are read", () => {
    const bodies = new Map(
      linesOf("messages/fixtures/binance_net.jsonl.gz").map(({ text }) => {
        const [, path = "", , ...body] = String(text).split("\n");
        return [path, body.join("\n")];
      }),
    );
    const bodyOf = (path: string): unknown => JSON.parse(bodies.get(path) as string);
    expect(parseOpenInterest(bodyOf("/fapi/v1/openInterest"))).toMatchObject({ symbol: "BTCUSDT", openInterest: 10_659.509 });
    expect(parsePremiumIndex(bodyOf("/fapi/v1/premiumIndex"))).toMatchObject({
      fundingRate: 0.00038246,
      nextFundingTime: 1_597_392_000_000,
    });
    expect(parseFundingInfo(bodyOf("/fapi/v1/fundingInfo"))).toEqual(new Map([["BLZUSDT", 8]]));
  });
});
