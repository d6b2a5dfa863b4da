import { describeDatabaseError, errorCode, type Pool } from "@tickfleet/database/pool";
import { formatTimestamptz } from "@tickfleet/database/timestamp";
import type { CalendarName, ContractKind } from "@tickfleet/market/instrument";
import { type Column, convert } from "./columns.ts";
import type { Direction } from "./cursor.ts";
import { UnavailableError } from "./problem.ts";
import { timeWindows } from "./time-windows.ts";

/** An instrument with the times of its first and last recorded trade in epoch milliseconds. */
export interface InstrumentRow {
  venue: string;
  instrument: string;
  venueSymbol: string;
  calendar: CalendarName;
  kind: ContractKind;
  contractSize: number;
  priceScale: number;
  sizeScale: number;
  closeDelayMs: number;
  firstTradeTime: number | null;
  lastTradeTime: number | null;
}

/** Open times of an instrument's first and last minute candle, epoch milliseconds. */
export interface CandleSpan {
  firstCandleTime: number | null;
  lastCandleTime: number | null;
}

export interface CandleSeriesKey {
  venue: string;
  instrument: string;
  timeframe: string;
  anchor: string;
  session: string;
}

/** A part of a list: range [from, to) in epoch microseconds, null is open; rows after (forward) or before (backward) the key. */
export interface PageRequest {
  direction: Direction;
  from: number | null;
  to: number | null;
  key: readonly (string | number)[] | null;
  limit: number;
  columns: readonly Column[];
}

/** Rows ascending by their key; `more` tells whether the walk has others left. */
export interface Page {
  rows: Record<string, unknown>[];
  more: boolean;
  /** Key of the row at which the next page begins, null without rows. */
  edge: (string | number)[] | null;
}

const INSTRUMENT_COLUMNS = `venue, instrument, venue_symbol as "venueSymbol", calendar, kind, contract_size as "contractSize",
  price_scale as "priceScale", size_scale as "sizeScale", close_delay_ms as "closeDelayMs",
  first_trade_time as "firstTradeTime", last_trade_time as "lastTradeTime"`;

/** SQLSTATE classes and codes that mean "not now": connection, resources, shutdown, and views or rights that are not there yet. */
const AWAY = /^(08|53|57|E[A-Z]+$)|^(3D000|3F000|42P01|42501|22023|28P01|28000)$/;
const AWAY_MESSAGE = /connection terminated|timeout exceeded when trying to connect|Connection ended/i;

/** Columns that are fields of a payload, as the message had them. */
export function payloadColumns(names: readonly string[]): Column[] {
  return names.map((wire) => ({ wire, name: `payload -> '${wire}'`, conversion: "same" }));
}

/** Reads of the gateway: only views that other services publish. */
export class ApiStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async listInstruments(): Promise<InstrumentRow[]> {
    const rows = await this.#read<InstrumentRow>(
      `select ${INSTRUMENT_COLUMNS} from ingest.pub_instruments order by venue collate "C", instrument collate "C"`,
      [],
    );
    return rows.map(instrumentOf);
  }

  /** From when on all trades of an instrument are still on record; only those of which some were dropped. Epoch milliseconds. */
  async listTradeRecords(): Promise<{ venue: string; instrument: string; wholeFrom: number }[]> {
    const rows = await this.#read<{ venue: string; instrument: string; wholeFrom: number }>(
      `select venue, instrument, whole_from as "wholeFrom" from ingest.pub_trade_record where whole_from is not null`,
      [],
    );
    return rows.map((row) => ({ ...row, wholeFrom: Math.ceil(row.wholeFrom / 1_000) }));
  }

  async findInstrument(venue: string, instrument: string): Promise<InstrumentRow | null> {
    const rows = await this.#read<InstrumentRow>(
      `select ${INSTRUMENT_COLUMNS} from ingest.pub_instruments where venue = $1 and instrument = $2`,
      [venue, instrument],
    );
    return rows[0] === undefined ? null : instrumentOf(rows[0]);
  }

  /** First and last minute candle of every series, in the order asked; null where there is none. */
  async listCandleSpans(series: readonly Omit<CandleSeriesKey, "timeframe">[]): Promise<CandleSpan[]> {
    const end = (order: "asc" | "desc"): string => `(select open_time from aggregator.pub_candles as candle
      where candle.venue = wanted.venue and candle.instrument = wanted.instrument and candle.timeframe = '1m'
      and candle.anchor = wanted.anchor and candle.session = wanted.session order by open_time ${order} limit 1)`;
    const rows = await this.#read<CandleSpan>(
      `select ${end("asc")} as "firstCandleTime", ${end("desc")} as "lastCandleTime"
       from unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality as wanted (venue, instrument, anchor, session, place) order by place`,
      (["venue", "instrument", "anchor", "session"] as const).map((name) => series.map((key) => key[name])),
    );
    return rows.map(({ firstCandleTime, lastCandleTime }) => ({
      firstCandleTime: toMs(firstCandleTime),
      lastCandleTime: toMs(lastCandleTime),
    }));
  }

  /** Anchors and sessions that candles of this timeframe are stored with. */
  listStoredKeys(venue: string, instrument: string, timeframe: string): Promise<{ anchor: string; session: string }[]> {
    return this.#read(
      "select distinct anchor, session from aggregator.pub_candles where venue = $1 and instrument = $2 and timeframe = $3 order by 1, 2",
      [venue, instrument, timeframe],
    );
  }

  /** @param states only candles of these states, all of them where null */
  async listCandles(series: CandleSeriesKey, states: readonly string[] | null, page: PageRequest): Promise<Page> {
    const values: unknown[] = [series.venue, series.instrument, series.timeframe, series.anchor, series.session];
    const conditions = ["venue = $1", "instrument = $2", "timeframe = $3", "anchor = $4", "session = $5"];
    if (states !== null) conditions.push(`state = any($${values.push(states)}::text[])`);
    return pageOf(await this.#listArrays("aggregator.pub_candles", "open_time", ["open_time"], conditions, values, page), 1, page);
  }

  async listEnrichedCandles(series: CandleSeriesKey, page: PageRequest): Promise<Page> {
    const values: unknown[] = [series.venue, series.instrument, series.timeframe, series.anchor, series.session];
    const conditions = ["venue = $1", "instrument = $2", "timeframe = $3", "anchor = $4", "session = $5"];
    const found = await this.#listArrays("indicator.pub_enriched_candles", "open_time", ["open_time"], conditions, values, page);
    return pageOf(found, 1, page);
  }

  /** Patterns or signals, by time and id. @param filters values of columns of the view; undefined asks nothing */
  async listJudged(
    view: "patterns" | "signals",
    filters: Readonly<Record<string, string | number | undefined>>,
    page: PageRequest,
  ): Promise<Page> {
    const asked = Object.entries(filters).filter(([, value]) => value !== undefined);
    const conditions = ["true", ...asked.map(([name], i) => `${name} = $${i + 1}`)];
    const values = asked.map(([, value]) => value);
    const found = await this.#listArrays(`pattern_detector.pub_${view}`, "open_time", ["open_time", "id"], conditions, values, page);
    return pageOf(found, 2, page);
  }

  /** A signal's payload with what it was computed from; null where there is none of this id. */
  async findSignal(id: string): Promise<{ payload: Record<string, unknown>; inputs: unknown } | null> {
    const rows = await this.#read<{ payload: Record<string, unknown>; inputs: unknown }>(
      "select payload, inputs from pattern_detector.pub_signals where id = $1",
      [id],
    );
    return rows[0] ?? null;
  }

  /** @param row the instrument; its first and last trade tell where to look first */
  async listTrades(row: InstrumentRow, page: PageRequest): Promise<Page> {
    const key = ["event_time", "epoch", "source_seq"];
    const { venue, instrument, firstTradeTime, lastTradeTime } = row;
    const known =
      firstTradeTime === null || lastTradeTime === null ? null : { first: firstTradeTime * 1_000, last: (lastTradeTime + 1) * 1_000 };
    const at = (page.key?.[0] ?? null) as number | null;
    const left =
      page.direction === "forward" ? { from: at ?? page.from, to: page.to } : { from: page.from, to: at === null ? page.to : at + 1 };
    const found: unknown[][] = [];
    for (const window of timeWindows(page.direction, left, known)) {
      const part = { ...page, ...window, limit: page.limit - found.length };
      found.push(
        ...(await this.#listArrays("ingest.pub_trades", "event_time", key, ["venue = $1", "instrument = $2"], [venue, instrument], part)),
      );
      if (found.length > page.limit) break;
    }
    return pageOf(found, key.length, page);
  }

  /** Rows of a view by a key that begins with a time. @param conditions with their parameters `$1`, `$2` and so on in `values` */
  async listView(view: string, key: readonly string[], conditions: string[], values: unknown[], page: PageRequest): Promise<Page> {
    return pageOf(await this.#listArrays(view, key[0] as string, key, conditions, values, page), key.length, page);
  }

  /** Resolves when the views can be read. @throws UnavailableError */
  async check(): Promise<void> {
    await this.#read("select (select count(*) from ingest.pub_instruments limit 1), exists (select from aggregator.pub_candles)", []);
  }

  /** Key and columns of up to `limit + 1` rows, in the direction of the walk. */
  #listArrays(
    view: string,
    time: string,
    key: readonly string[],
    conditions: string[],
    values: unknown[],
    page: PageRequest,
  ): Promise<unknown[][]> {
    const forward = page.direction === "forward";
    if (page.from !== null) conditions.push(`${time} >= $${values.push(formatTimestamptz(page.from))}::timestamptz`);
    if (page.to !== null) conditions.push(`${time} < $${values.push(formatTimestamptz(page.to))}::timestamptz`);
    if (page.key !== null) {
      const parts = page.key.map((part, i) =>
        i === 0 ? `$${values.push(formatTimestamptz(part as number))}::timestamptz` : `$${values.push(part)}`,
      );
      conditions.push(`(${key.join(", ")}) ${forward ? ">" : "<"} (${parts.join(", ")})`);
    }
    const order = key.map((name) => `${name} ${forward ? "asc" : "desc"}`).join(", ");
    const selected = [...key, ...page.columns.map((column) => column.name)].join(", ");
    const text = `select ${selected} from ${view} where ${conditions.join(" and ")} order by ${order} limit ${page.limit + 1}`;
    return this.#readArrays(text, values);
  }

  async #read<Row extends object>(text: string, values: readonly unknown[]): Promise<Row[]> {
    try {
      return (await this.#pool.query<Row>(text, [...values])).rows;
    } catch (error) {
      throw describe(error);
    }
  }

  async #readArrays(text: string, values: readonly unknown[]): Promise<unknown[][]> {
    try {
      return (await this.#pool.query<unknown[]>({ text, values: [...values], rowMode: "array" })).rows;
    } catch (error) {
      throw describe(error);
    }
  }
}

/** A page out of up to `limit + 1` rows in the direction of the walk. */
function pageOf(found: unknown[][], keyLength: number, page: PageRequest): Page {
  const more = found.length > page.limit;
  if (more) found.pop();
  const edge = (found.at(-1)?.slice(0, keyLength) as (string | number)[] | undefined) ?? null;
  if (page.direction === "backward") found.reverse();
  return { rows: found.map((row) => rowOf(row, keyLength, page.columns)), more, edge };
}

function rowOf(values: readonly unknown[], offset: number, columns: readonly Column[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i] as Column;
    row[column.wire] = convert(values[offset + i], column.conversion);
  }
  return row;
}

function instrumentOf(row: InstrumentRow): InstrumentRow {
  return { ...row, firstTradeTime: toMs(row.firstTradeTime), lastTradeTime: toMs(row.lastTradeTime) };
}

function toMs(us: number | null): number | null {
  return us === null ? null : Math.floor(us / 1_000);
}

function describe(error: unknown): unknown {
  const code = errorCode(error);
  const away = (code !== undefined && AWAY.test(code)) || (error instanceof Error && AWAY_MESSAGE.test(error.message));
  return away ? new UnavailableError("database", describeDatabaseError(error), { cause: error }) : error;
}
