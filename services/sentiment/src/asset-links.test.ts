import { expect, test } from "vitest";
import { createAssetLinker, searchTerms } from "./asset-links.ts";
import { ASSETS } from "./assets.ts";

const link = createAssetLinker(["BTC", "ZIL", "A.B"]);

test.each([
  ["Bitcoin and ETHEREUM rise", "BTC,ETH"],
  ["BTC/USDT, (ETH) and xrp", "BTC,ETH"],
  ["btc is not written in capitals", ""],
  ["$btc is a cashtag", "BTC"],
  ["bitcoins, wbtc and BTCUSDT are other words", ""],
  ["the sol of my shoes", ""],
  ["SOL is a unit of wine", ""],
  ["SOL price falls", "SOL"],
  ["Solana", "SOL"],
  ["my $SOL", "SOL"],
  ["An avalanche hit the village", ""],
  ["Avalanche token falls", "AVAX"],
  ["an apple a day", ""],
  ["Apple shares fall", "AAPL"],
  ["$ZIL and ZIL", "ZIL"],
  ["ZIL coin price", ""],
  ["$A.B goes up, $AxB does not", "A.B"],
  ["Bitcoin Cash splits", "BCH"],
  ["Bitcoin Cash splits from Bitcoin", "BCH,BTC"],
  ["Ethereum Classic", "ETC"],
  ["bitcoin’s fall", "BTC"],
  ["#Bitcoin #DOGE", "BTC,DOGE"],
  ["", ""],
])("%j is about %j", (text, assets) => {
  expect(link(text).join()).toBe(assets);
});

test("news are searched for by name, and not for what the table does not know", () => {
  expect(searchTerms(["SOL", "ZIL", "SPY"])).toEqual(["solana", "s&p 500"]);
});

test("the table names each ticker once, in capitals, with names in small letters", () => {
  expect(new Set(ASSETS.map(({ ticker }) => ticker)).size).toBe(ASSETS.length);
  for (const { ticker, names } of ASSETS) {
    expect(ticker).toMatch(/^[A-Z0-9]+$/);
    expect(names.map((name) => name.toLowerCase())).toEqual(names);
    for (const name of names) expect(link(`${name} token`)).toContain(ticker);
  }
});
