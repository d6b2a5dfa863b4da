import { basename } from "node:path";
import { type Calendar, calendarOf, nextSession } from "@tickfleet/market/calendar";
import type { CalendarName, Instrument } from "@tickfleet/market/instrument";
import { INSTRUMENT_NAME_RULE, isInstrumentName } from "@tickfleet/market/market-names";
import { checkFiles, pushTime } from "../file-replay.ts";
import { type ScriptedSource, type SourceBlock, type SourceEvent, SourceFileError } from "../source.ts";
import type { ChosenColumns } from "./columns.ts";
import { closeDelayOf, describeCsvInstrument, hasNumericIds, instrumentOfFile } from "./markets.ts";
import { type CsvRow, checkOrder, rowsOf } from "./rows.ts";
import { type CsvSurvey, readHead, surveyFile } from "./survey.ts";

export interface CsvTradesOptions {
  /** Files of trades, plain, gzip or a zip of one: those that overlap are merged by time, others follow one another. */
  files: readonly string[];
  /** Default `csv`. */
  venue?: string;
  /** For files without a column that names it; default the file's name without its endings. */
  instrument?: string;
  /** Default `crypto`. */
  calendar?: CalendarName;
  /** Columns that the header calls otherwise. */
  columns?: ChosenColumns;
  /** Rows later than this are wrong, epoch microseconds; default never. */
  latestUs?: number;
  connection?: string;
}

const BLOCK_ROWS = 1000;

/**
 * A source that replays trades from CSV files. Each file is read once before its first trade is sent: to know its
 * instruments, whether its ids can be the trades' identity (else the row in the file is), and whether it must be sorted.
 * Its clock is the greatest time of any row.
 * @throws SourceFileError where a file cannot be read, its header has no time, price or size, or it names no instrument
 */
export async function openCsvTrades(options: CsvTradesOptions): Promise<ScriptedSource> {
  if (options.files.length === 0) throw new RangeError("trades need at least one file");
  await checkFiles(options.files);
  for (const file of options.files) {
    const { columns } = await readHead(file, options.columns);
    if (columns.symbol < 0 && options.instrument === undefined) checkFileName(file);
  }
  let surveys: Promise<CsvSurvey[]> | null = null;
  const surveyed = (): Promise<CsvSurvey[]> => {
    surveys ??= surveyAll(options);
    return surveys;
  };
  return {
    id: options.files.map((file) => basename(file)).join(","),
    venue: options.venue ?? "csv",
    connection: options.connection ?? "replay",
    instruments: async () => [...new Set((await surveyed()).flatMap(({ instruments }) => [...instruments.keys()]))].sort(),
    async *events(from) {
      yield* replay(await surveyed(), options, from);
    },
  };
}

async function surveyAll(options: CsvTradesOptions): Promise<CsvSurvey[]> {
  const { venue = "csv", calendar = "crypto", instrument, columns, latestUs = Number.POSITIVE_INFINITY } = options;
  const surveys: CsvSurvey[] = [];
  for (const file of options.files) {
    const latenessUs = closeDelayOf(calendar) * 1000;
    const survey = await surveyFile(file, { venue, instrument, columns, latestUs, latenessUs, numericIds: hasNumericIds(venue) });
    checkOrder(survey);
    checkRange(survey, calendarOf(calendar));
    surveys.push(survey);
  }
  return surveys;
}

/** @throws SourceFileError where a file that names no instrument cannot give its own name to one */
function checkFileName(file: string): void {
  const name = instrumentOfFile(file);
  if (isInstrumentName(name)) return;
  const wanted = INSTRUMENT_NAME_RULE.replace("expected ", "");
  throw new SourceFileError(
    `${basename(file)}: no column names the instrument, and the file's name is none (${wanted}): name it with --instrument`,
  );
}

/** @throws SourceFileError where the calendar has no data for a day of the file */
function checkRange({ path, firstUs, lastUs }: CsvSurvey, calendar: Calendar): void {
  if (firstUs > lastUs) return;
  const sessions = calendar.sessionsOf("all");
  try {
    for (const us of [firstUs, lastUs]) sessions.ofDay(sessions.dayAt(us / 1000));
  } catch (cause) {
    throw new SourceFileError(`${basename(path)}: beyond the calendar ${calendar.name}: ${(cause as Error).message}`, { cause });
  }
}

/** Files whose times overlap: one stretch of time, merged. */
interface Stretch {
  surveys: CsvSurvey[];
  firstUs: number;
  lastUs: number;
}

function stretchesOf(surveys: readonly CsvSurvey[]): Stretch[] {
  const stretches: Stretch[] = [];
  for (const survey of surveys.toSorted((a, b) => a.firstUs - b.firstUs || a.lastUs - b.lastUs)) {
    const last = stretches.at(-1);
    const { firstUs, lastUs } = survey;
    if (last !== undefined && (firstUs <= last.lastUs || firstUs > lastUs)) {
      last.surveys.push(survey);
      last.lastUs = Math.max(last.lastUs, lastUs);
    } else {
      stretches.push({ surveys: [survey], firstUs, lastUs });
    }
  }
  return stretches;
}

async function* replay(surveys: readonly CsvSurvey[], options: CsvTradesOptions, from: number): AsyncGenerator<SourceBlock> {
  const teller = new EventTeller(options);
  let position = 0;
  for (const stretch of stretchesOf(surveys)) {
    teller.begin(stretch);
    let rows = 0;
    for await (const merged of mergeRows(stretch.surveys, options.latestUs ?? Number.POSITIVE_INFINITY)) {
      for (const row of merged) {
        teller.tell(row);
        rows += 1;
        if (rows < BLOCK_ROWS) continue;
        const events = teller.take();
        if (position >= from) yield { position, events };
        position += rows;
        rows = 0;
      }
    }
    const events = teller.take();
    if (rows > 0 && position >= from) yield { position, events };
    position += rows;
  }
  const faults = surveys.flatMap(({ fault }) => fault ?? []);
  if (position === 0 && faults.length === 0) throw new SourceFileError(`${options.files.join(", ")}: no lines to replay`);
  const reason = faults.length === 0 ? "end of the file" : faults.map((fault) => fault.message).join("; ");
  if (position > 0 && position >= from) yield { position, events: [teller.end(reason)] };
  if (faults.length > 0) throw new SourceFileError(reason, { cause: faults[0] });
}

/** Rows of several files by time; equal times keep the order of the files. */
async function* mergeRows(surveys: readonly CsvSurvey[], latestUs: number): AsyncGenerator<MergedRow[]> {
  const cursors = surveys.map((survey) => ({ survey, blocks: rowsOf(survey, latestUs), rows: [] as CsvRow[], at: 0 }));
  const live: typeof cursors = [];
  const advance = async (cursor: (typeof cursors)[number]): Promise<boolean> => {
    while (cursor.at >= cursor.rows.length) {
      const next = await cursor.blocks.next();
      if (next.done) return false;
      cursor.rows = next.value;
      cursor.at = 0;
    }
    return true;
  };
  for (const cursor of cursors) if (await advance(cursor)) live.push(cursor);
  let merged: MergedRow[] = [];
  while (live.length > 0) {
    let cursor = live[0] as (typeof cursors)[number];
    for (const other of live) if (timeAt(other) < timeAt(cursor)) cursor = other;
    const { timeUs, event } = cursor.rows[cursor.at] as CsvRow;
    merged.push({ timeUs, event, survey: cursor.survey });
    cursor.at += 1;
    if (cursor.at >= cursor.rows.length && !(await advance(cursor))) live.splice(live.indexOf(cursor), 1);
    if (merged.length < BLOCK_ROWS) continue;
    yield merged;
    merged = [];
  }
  yield merged;
}

interface MergedRow extends CsvRow {
  survey: CsvSurvey;
}

function timeAt(cursor: { rows: readonly CsvRow[]; at: number }): number {
  return (cursor.rows[cursor.at] as CsvRow).timeUs;
}

/** Turns rows into events: the lists of instruments where they change, what is between two files, and the clock. */
class EventTeller {
  readonly #options: CsvTradesOptions;
  readonly #calendar: Calendar;
  readonly #begun = new Set<CsvSurvey>();
  #listed = new Map<string, Instrument>();
  #events: SourceEvent[] = [];
  #greatestUs = 0;

  constructor(options: CsvTradesOptions) {
    this.#options = options;
    this.#calendar = calendarOf(options.calendar ?? "crypto");
  }

  /** A stretch begins: a whole trading day without a file, or other instruments, part it from the one before. */
  begin({ surveys, firstUs }: Stretch): void {
    if (this.#listed.size === 0) return;
    const names = new Set(surveys.flatMap(({ instruments }) => [...instruments.keys()]));
    const same = names.size === this.#listed.size && [...names].every((name) => this.#listed.has(name));
    if (names.size === 0 || (same && !this.#missesDay(firstUs))) return;
    this.#events.push({ kind: "end", timeUs: this.#greatestUs, reason: same ? "a day or more between two files" : "end of the file" });
    this.#listed = new Map();
  }

  tell({ event, survey }: MergedRow): void {
    if (!this.#begun.has(survey)) this.#list(survey);
    this.#events.push(event);
    if (event.kind !== "trade" || event.trade.eventTimeUs <= this.#greatestUs) return;
    this.#greatestUs = event.trade.eventTimeUs;
    pushTime(this.#events, this.#greatestUs);
  }

  take(): SourceEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  end(reason: string): SourceEvent {
    return { kind: "end", timeUs: this.#greatestUs, reason };
  }

  /** Whether a whole trading day lies between the clock and this time. */
  #missesDay(firstUs: number): boolean {
    return nextSession(this.#calendar, "all", this.#greatestUs / 1000).close <= firstUs / 1000;
  }

  #list(survey: CsvSurvey): void {
    const { venue = "csv", calendar = "crypto", connection = "replay" } = this.#options;
    this.#begun.add(survey);
    const isFirst = this.#listed.size === 0;
    const known = this.#listed.size;
    for (const [name, { priceScale, sizeScale }] of survey.instruments) {
      if (!this.#listed.has(name)) this.#listed.set(name, describeCsvInstrument(name, { venue, calendar }, { priceScale, sizeScale }));
    }
    if (this.#listed.size === known) return;
    this.#events.push({
      kind: "open",
      connection,
      venue,
      timeUs: survey.firstUs,
      instruments: [...this.#listed.values()],
      reason: isFirst ? "start of the file" : "more instruments in the next file",
      consecutiveIds: false,
      refill: "none",
    });
  }
}
