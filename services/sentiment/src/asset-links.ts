import { ASSETS, type AssetNames, MARKET_WORDS } from "./assets.ts";

const MARKET_WORD = new RegExp(`(?<![\\w$])(?:${MARKET_WORDS.join("|")})(?![\\w])`, "i");

interface Matcher {
  ticker: string;
  link(text: string, inMarket: boolean): boolean;
}

/** Finds the assets that a text is about. */
export type AssetLinker = (text: string) => string[];

/**
 * Links texts to the assets of the table and to others by their cashtags. Names and tickers count as whole words, tickers only
 * in capitals, ambiguous ones only as a cashtag or beside a word of markets.
 * @param others assets that may not be in the table, such as those of the instruments there are
 */
export function createAssetLinker(others: Iterable<string> = []): AssetLinker {
  const known = new Set(ASSETS.map(({ ticker }) => ticker));
  const matchers = [
    ...ASSETS.map(matcherOf),
    ...[...new Set(others)].filter((ticker) => !known.has(ticker)).map((ticker) => cashtagMatcher(ticker)),
  ];
  return (text) => {
    const inMarket = MARKET_WORD.test(text);
    const found = matchers.filter((matcher) => matcher.link(text, inMarket)).map(({ ticker }) => ticker);
    return found.sort();
  };
}

/** What to search news for: the first names of the assets that the table knows. */
export function searchTerms(assets: readonly string[]): string[] {
  return assets.flatMap((asset) => {
    const entry = ASSETS.find(({ ticker }) => ticker === asset);
    return entry === undefined ? [] : [entry.names[0] ?? entry.ticker];
  });
}

function matcherOf({ ticker, names, ambiguousTicker, ambiguousNames }: AssetNames): Matcher {
  const cashtag = cashtagOf(ticker);
  const word = new RegExp(`(?<![\\w$])${escaped(ticker)}(?![\\w])`);
  const name = new RegExp(`(?<![\\w$])(?:${names.map(escaped).join("|")})(?!\\w)`, "i");
  // "bitcoin cash" is not bitcoin, "ethereum classic" not ethereum
  const longer = ASSETS.flatMap((other) =>
    other.names.filter((text) => other.ticker !== ticker && names.some((own) => text.startsWith(`${own} `))),
  );
  const others = longer.length === 0 ? null : new RegExp(longer.map(escaped).join("|"), "gi");
  return {
    ticker,
    link(text, inMarket) {
      if (cashtag.test(text)) return true;
      if ((!ambiguousTicker || inMarket) && word.test(text)) return true;
      return (!ambiguousNames || inMarket) && name.test(others === null ? text : text.replace(others, ""));
    },
  };
}

function cashtagMatcher(ticker: string): Matcher {
  const cashtag = cashtagOf(ticker);
  return { ticker, link: (text) => cashtag.test(text) };
}

function cashtagOf(ticker: string): RegExp {
  return new RegExp(`(?<![\\w$])\\$${escaped(ticker)}(?!\\w)`, "i");
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
