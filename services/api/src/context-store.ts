import type { ApiStore, Page, PageRequest } from "./store.ts";

/** Lists of the gateway over what sentiment and futures-collector publish. */
export class ContextStore {
  readonly #store: ApiStore;

  constructor(store: ApiStore) {
    this.#store = store;
  }

  /** Values of one asset, those of one provider or of all, by (validFrom, provider). */
  listSentiment(asset: string, provider: string | null, page: PageRequest): Promise<Page> {
    const [conditions, values] = conditionsOf([
      ["asset = $", asset],
      ["provider = $", provider],
    ]);
    return this.#store.listView("sentiment.pub_sentiment_scores", ["valid_from", "provider"], conditions, values, page);
  }

  /** Texts by (publishedTime, source, externalId). */
  listNews(filter: { asset: string | null; provider: string | null; source: string | null }, page: PageRequest): Promise<Page> {
    const [conditions, values] = conditionsOf([
      ["assets @> array[$]", filter.asset],
      ["provider = $", filter.provider],
      ["source = $", filter.source],
    ]);
    return this.#store.listView("sentiment.pub_news_events", ["published_time", "source", "external_id"], conditions, values, page);
  }

  /** Snapshots of one perpetual by validFrom. */
  listFutures(venue: string, instrument: string, page: PageRequest): Promise<Page> {
    const view = "futures_collector.pub_leverage_snapshots";
    return this.#store.listView(view, ["valid_from"], ["venue = $1", "instrument = $2"], [venue, instrument], page);
  }
}

/** Conditions of the values that are asked for, with their parameters numbered. */
function conditionsOf(wanted: readonly (readonly [condition: string, value: string | null])[]): [string[], unknown[]] {
  const given = wanted.filter(([, value]) => value !== null);
  const conditions = given.map(([condition], i) => condition.replace("$", `$${i + 1}::text`));
  return [["true", ...conditions], given.map(([, value]) => value)];
}
