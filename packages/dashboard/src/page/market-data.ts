import { batch } from "@preact/signals";
import type { Client } from "@tickfleet/client/client";
import { GatewayError } from "@tickfleet/client/gateway-error";
import type { LiveConnection, LiveMessage } from "@tickfleet/client/live-connection";
import { type DayCandle, readDaySummary } from "./day-summary.ts";
import { INDICATOR_COLUMNS } from "./indicator-groups.ts";
import type { MarketChart } from "./market-chart.ts";
import { tellNoInstruments } from "./no-instruments.ts";
import { absentPart, readWhenThere } from "./part.ts";
import type { CandleRow, EnrichedMessage, IndicatorRow, InstrumentRow, PatternRow, SeriesName, SignalRow } from "./rows.ts";
import { type RowRange, staleRange } from "./stale-range.ts";
import {
  connection,
  daySummary,
  instrumentRow,
  instruments,
  lastCandle,
  lastIndicators,
  lastUpdateMs,
  latestSignals,
  notice,
  pointed,
  priceDecimals,
} from "./store.ts";
import { changeView, view } from "./view.ts";

const SNAPSHOT = 1_000;
const OLDER_PAGE = 1_000;
const MOST_ROWS = 10_000;
const LISTED_SIGNALS = 100;
const INSTRUMENTS_EVERY_MS = 15_000;
const DAY_EVERY_MS = 60_000;
/** Rows are committed some time after their message, and lists are read while channels begin: they are read again when this has passed. */
const READ_AGAIN_MS = 3_000;
const READ_AGAIN_ROWS = 20;

/** Rows by time, and what is drawn over them; the one that draws them knows more. */
type ChartRows = Pick<MarketChart, "candles" | "indicators" | "signals" | "patterns" | "areMarkersStale" | "clear">;

/** Fills the chart and the store with the series that is looked at, and keeps them up to date. */
export class MarketData {
  readonly #client: Client;
  readonly #chart: ChartRows;
  readonly #live: LiveConnection;
  #series: SeriesName | null = null;
  #abort = new AbortController();
  #stops: (() => void)[] = [];
  #older = { busy: false, done: false };
  #signals: SignalRow[] = [];

  constructor(client: Client, chart: ChartRows) {
    this.#client = client;
    this.#chart = chart;
    this.#live = client.live({
      onState: (state) => {
        connection.value = state;
        if (state.state === "open" && instruments.value === null) void this.loadInstruments();
      },
      onRefused: (channel, fix) => {
        if (channel.startsWith("candle:")) notice.value = { text: `${channel} cannot be shown`, fix };
      },
    });
    setInterval(() => void this.loadInstruments(), INSTRUMENTS_EVERY_MS);
    setInterval(() => void this.#loadDay(), DAY_EVERY_MS);
  }

  get live(): LiveConnection {
    return this.#live;
  }

  async loadInstruments(): Promise<void> {
    try {
      const { data } = await this.#client.page<InstrumentRow>("instruments", {});
      instruments.value = data;
      if (data.length === 0) tellNoInstruments();
      else if (instrumentRow.value === null) chooseFirst(data);
      this.show();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (instruments.value === null) notice.value = { text, fix: error instanceof GatewayError ? error.fix : "reload the page" };
    }
  }

  /** Shows what the view says, from an empty chart on, where that is not shown already. */
  show(): void {
    const { venue, instrument, timeframe } = view.value;
    if (venue === null || instrument === null || instrumentRow.value === null) return;
    const now = this.#series;
    if (now !== null && now.venue === venue && now.instrument === instrument && now.timeframe === timeframe) return;
    const series = { venue, instrument, timeframe };
    this.#end();
    this.#series = series;
    document.title = `${instrument} ${timeframe} · Tickfleet`;
    batch(() => {
      notice.value = { text: `Loading ${instrument} ${timeframe}`, fix: "" };
      lastCandle.value = null;
      lastIndicators.value = null;
      pointed.value = null;
      daySummary.value = null;
      lastUpdateMs.value = null;
      latestSignals.value = { state: "loading" };
    });
    this.#chart.clear(priceDecimals.value, timeframe);
    const name = `${venue}:${instrument}:${timeframe}`;
    this.#stops = [
      this.#live.subscribe<CandleRow>(`candle:${name}`, { snapshot: SNAPSHOT }, (message) => this.#onCandle(message)),
      this.#live.subscribe<EnrichedMessage>(`enriched:${name}`, {}, (message) => this.#onEnriched(message)),
      this.#live.subscribe<PatternRow>(`pattern:${name}`, {}, (message) => this.#onPattern(message)),
      this.#live.subscribe<SignalRow>(`signal:${venue}:${instrument}:*`, {}, (message) => this.#onSignal(message)),
    ];
    void this.#loadDay();
    void this.#loadIndicators({});
    void this.#loadSignals();
    void this.#loadPatterns();
    const { signal } = this.#abort;
    setTimeout(() => {
      if (signal.aborted) return;
      void this.#loadIndicators({ limit: READ_AGAIN_ROWS });
      void this.#loadSignals();
      void this.#loadPatterns();
    }, READ_AGAIN_MS);
  }

  /** Reads candles before the oldest that is shown. */
  async loadOlder(): Promise<void> {
    const oldest = this.#chart.candles.first?.openTime;
    const state = this.#older;
    if (oldest === undefined || state.busy || state.done) return;
    state.busy = true;
    const range = { to: oldest, limit: OLDER_PAGE };
    const candles = await this.#page<CandleRow>("candles", range);
    state.busy = false;
    if (candles === null || state !== this.#older) return;
    void this.#loadIndicators(range);
    state.done = candles.cursor === null;
    for (const row of candles.data) this.#chart.candles.put(row);
    this.#chart.areMarkersStale = true;
  }

  #end(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    for (const stop of this.#stops) stop();
    this.#older = { busy: false, done: false };
    this.#signals = [];
  }

  #onCandle(message: LiveMessage<CandleRow>): void {
    if (message.type === "snapshot") {
      for (const row of message.data) this.#chart.candles.put(row);
      this.#chart.areMarkersStale = true;
      const isEmpty = this.#chart.candles.size === 0;
      const fix = "The first one comes with the first trade; higher timeframes are filled as minutes close.";
      notice.value = isEmpty ? { text: "No candles yet", fix } : null;
    } else if (message.type === "update") {
      this.#chart.candles.put(message.data);
      if (notice.value !== null) notice.value = null;
      lastUpdateMs.value = Date.now();
    } else {
      const first = this.#chart.candles.first?.openTime;
      // a file that was replayed may have brought older ones than there were
      if (message.type === "recomputed" && message.data.from < (first ?? 0)) this.#older.done = false;
      const range = staleRange(message, first);
      if (range !== null) void this.#loadCandles(range);
    }
  }

  #onEnriched(message: LiveMessage<EnrichedMessage>): void {
    if (message.type === "update") {
      const { indicators, openTime, revision } = message.data;
      this.#chart.indicators.put({ ...indicators, openTime, revision });
      lastIndicators.value = this.#chart.indicators.last ?? null;
    } else if (message.type !== "snapshot") {
      const range = staleRange(message, this.#chart.candles.first?.openTime);
      if (range !== null) void this.#loadIndicators(range);
    }
  }

  #onPattern(message: LiveMessage<PatternRow>): void {
    if (message.type === "update") this.#putPattern(message.data);
    else if (message.type === "resync") void this.#loadPatterns();
  }

  #onSignal(message: LiveMessage<SignalRow>): void {
    if (message.type === "update") this.#putSignals([message.data]);
    else if (message.type === "resync") void this.#loadSignals();
  }

  async #loadCandles(range: RowRange): Promise<void> {
    await this.#read<CandleRow>("candles", range, (row) => {
      this.#chart.candles.put(row);
      if (notice.value !== null) notice.value = null;
    });
    this.#chart.areMarkersStale = true;
  }

  async #loadIndicators(range: RowRange & { limit?: number }): Promise<void> {
    const columns = ["openTime", "revision", ...INDICATOR_COLUMNS].join(",");
    const { signal } = this.#abort;
    await this.#read<IndicatorRow>("indicators", { ...range, columns }, (row) => this.#chart.indicators.put(row));
    if (!signal.aborted) lastIndicators.value = this.#chart.indicators.last ?? null;
  }

  async #loadPatterns(): Promise<void> {
    await this.#read<PatternRow>("patterns", {}, (row) => this.#putPattern(row));
  }

  #putPattern(row: PatternRow): void {
    const key = `${row.kind}|${row.openTime}`;
    if ((this.#chart.patterns.get(key)?.revision ?? -1) > row.revision) return;
    this.#chart.patterns.set(key, row);
    this.#chart.areMarkersStale = true;
  }

  /** The latest of every timeframe for the list, and those of this one for the chart. */
  async #loadSignals(): Promise<void> {
    const { signal } = this.#abort;
    const { venue, instrument, timeframe } = this.#series as SeriesName;
    const page = (query: { limit: number; timeframe?: string }) =>
      this.#client.page<SignalRow>("signals", { venue, instrument, ...query }, { signal });
    const tellAbsent = (error: unknown): void => {
      if (latestSignals.value.state !== "ready") latestSignals.value = absentPart(error, "signals");
    };
    try {
      const read = () => Promise.all([page({ limit: LISTED_SIGNALS }), page({ limit: SNAPSHOT, timeframe })]);
      const [latest, own] = await readWhenThere(read, signal, tellAbsent);
      if (!signal.aborted) this.#putSignals([...own.data, ...latest.data]);
    } catch (error) {
      if (!signal.aborted) tellAbsent(error);
    }
  }

  /** Takes signals of any timeframe for the list, and those of this one for the chart. */
  #putSignals(rows: readonly SignalRow[]): void {
    for (const row of rows) {
      const place = this.#signals.findIndex((held) => held.id === row.id);
      if (place >= 0 && (this.#signals[place] as SignalRow).revision > row.revision) continue;
      if (place >= 0) this.#signals[place] = row;
      else this.#signals.push(row);
      if (row.timeframe === this.#series?.timeframe) this.#chart.signals.set(row.id, row);
    }
    this.#signals.sort((a, b) => b.closeTime - a.closeTime);
    this.#signals.length = Math.min(this.#signals.length, LISTED_SIGNALS);
    this.#chart.areMarkersStale = true;
    latestSignals.value = { state: "ready", value: [...this.#signals] };
  }

  async #loadDay(): Promise<void> {
    const summary = await readDaySummary((query) => this.#page<DayCandle>("candles", query), Date.now());
    if (summary !== null) daySummary.value = summary;
  }

  /** Reads rows of the series that is looked at, page for page, as soon as the gateway can give them. */
  async #read<Row>(list: string, query: RowRange & { limit?: number; columns?: string }, put: (row: Row) => void): Promise<void> {
    const { signal } = this.#abort;
    const asked = { ...this.#series, limit: query.from === undefined ? SNAPSHOT : MOST_ROWS, ...query };
    const readAll = async (): Promise<void> => {
      const isWhole = query.from !== undefined;
      const rows = isWhole ? this.#client.list<Row>(list, asked, { signal }) : (await this.#client.page<Row>(list, asked, { signal })).data;
      for await (const row of rows) {
        signal.throwIfAborted();
        put(row);
      }
    };
    // what is wrong with a list is told by what it leaves empty
    await readWhenThere(readAll, signal).catch(() => undefined);
  }

  /** A page of a list of the series that is looked at; null where it cannot be had, or another is looked at by now. */
  async #page<Row>(
    list: string,
    query: Record<string, string | number | undefined>,
  ): Promise<{ data: Row[]; cursor: string | null } | null> {
    const { signal } = this.#abort;
    try {
      const page = await this.#client.page<Row>(list, { ...this.#series, ...query }, { signal });
      return signal.aborted ? null : page;
    } catch {
      return null;
    }
  }
}

function chooseFirst(rows: readonly InstrumentRow[]): void {
  const bitcoin = rows.filter((row) => row.instrument.startsWith("BTC-"));
  const { venue, instrument } = (bitcoin.find((row) => row.live) ?? bitcoin[0] ?? rows.find((row) => row.live) ?? rows[0]) as InstrumentRow;
  changeView({ venue, instrument });
}
