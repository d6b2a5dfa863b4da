import { signal } from "@preact/signals";
import { isTimeframe, type Timeframe } from "@tickfleet/market/timeframe";
import { INDICATOR_GROUPS } from "./indicator-groups.ts";

/** What is looked at; the address of the page says all of it, so it can be sent to others. */
export interface View {
  venue: string | null;
  instrument: string | null;
  timeframe: Timeframe;
  /** Names of the indicator groups that are shown, and `patterns`. */
  shown: ReadonlySet<string>;
}

export const PATTERNS = "patterns";
const SHOWN_FIRST = ["ema", "vwap", "rsi", PATTERNS];
const KNOWN = new Set([...INDICATOR_GROUPS.map(({ name }) => name), PATTERNS]);
/** For the next visit without an address. */
const STORAGE_KEY = "tickfleet.shown";

export const view = signal<View>(readView(new URLSearchParams(location.search)));

/** Changes what is looked at, and the address with it. */
export function changeView(change: Partial<View>): void {
  view.value = { ...view.value, ...change };
  const { venue, instrument, timeframe, shown } = view.value;
  const query = new URLSearchParams({ venue: venue ?? "", instrument: instrument ?? "", timeframe, show: [...shown].join(",") });
  history.replaceState(null, "", `?${query}`);
  localStorage.setItem(STORAGE_KEY, [...shown].join(","));
}

function readView(query: URLSearchParams): View {
  const timeframe = query.get("timeframe") ?? "";
  const shown = query.get("show") ?? localStorage.getItem(STORAGE_KEY);
  return {
    venue: query.get("venue"),
    instrument: query.get("instrument"),
    timeframe: isTimeframe(timeframe) ? timeframe : "1m",
    shown: new Set(shown === null ? SHOWN_FIRST : shown.split(",").filter((name) => KNOWN.has(name))),
  };
}
