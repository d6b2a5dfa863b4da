import { basename } from "node:path";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { TimeFilter } from "../file-times.ts";
import { type SourceEvent, SourceFileError } from "../source.ts";
import { parseTradeRow } from "./parse.ts";
import { type CsvSurvey, readRows } from "./survey.ts";

/** A row as it is sent: a trade, or what is wrong with it. */
export interface CsvRow {
  /** Its place in the order of the files; a row without a time stands behind the one before it. */
  timeUs: number;
  event: SourceEvent;
}

/** Files out of order are sorted in memory up to these. */
const MOST_SORTED_ROWS = 2_000_000;
const MOST_SORTED_CHARACTERS = 256 * 1024 * 1024;
const BLOCK_ROWS = 1000;

/** @throws SourceFileError where a file is out of order and too large to be sorted here */
export function checkOrder(survey: CsvSurvey): void {
  const { path, order, rows, characters, fallUs } = survey;
  if (order === "time" || (rows <= MOST_SORTED_ROWS && characters <= MOST_SORTED_CHARACTERS)) return;
  throw new SourceFileError(
    `${basename(path)}: its rows are not in order of time (one falls ${Math.round(fallUs / 1e6)} s behind), and ${rows} of them are too many to be sorted in memory: sort it by time`,
  );
}

/** The rows of a file in order of time, in blocks. */
export function rowsOf(survey: CsvSurvey, latestUs: number): AsyncGenerator<CsvRow[]> {
  return survey.order === "time" ? streamRows(survey, latestUs) : sortedRows(survey, latestUs);
}

async function* streamRows(survey: CsvSurvey, latestUs: number): AsyncGenerator<CsvRow[]> {
  let ready: CsvRow[] = [];
  let lastUs = survey.firstUs;
  const filter = new TimeFilter<{ line: string; index: number; event: SourceEvent }>(latestUs, (row, timeUs, fault) => {
    if (fault === null && timeUs > lastUs) lastUs = timeUs;
    ready.push({ timeUs: lastUs, event: fault === null ? row.event : refusedRow(row.line, row.index, fault, survey) });
  });
  let index = 0;
  for await (const lines of readRows(survey.path, survey.head)) {
    for (const line of lines) {
      const event = readRow(line, index, index, survey);
      filter.push({ line, index, event }, event.kind === "trade" ? event.trade.eventTimeUs : null);
      index += 1;
    }
    yield ready;
    ready = [];
  }
  filter.flush();
  yield ready;
}

/** Keeps a file as its lines and times; the sequence of a row is its place in the order of time. */
async function* sortedRows(survey: CsvSurvey, latestUs: number): AsyncGenerator<CsvRow[]> {
  const lines: string[] = [];
  const times = new Float64Array(survey.rows);
  const faults = new Map<number, string>();
  let lastUs = survey.firstUs;
  const filter = new TimeFilter<number>(latestUs, (index, timeUs, fault) => {
    if (fault !== null) faults.set(index, fault);
    else if (!Number.isNaN(timeUs)) lastUs = timeUs;
    times[index] = lastUs;
  });
  for await (const block of readRows(survey.path, survey.head)) {
    for (const line of block) {
      const event = readRow(line, 0, lines.length, survey);
      filter.push(lines.length, event.kind === "trade" ? event.trade.eventTimeUs : null);
      lines.push(line);
    }
  }
  filter.flush();
  const newestFirst = survey.order === "newest-first";
  const places = Uint32Array.from(lines.keys());
  places.sort((a, b) => (times[a] as number) - (times[b] as number) || (newestFirst ? b - a : a - b));
  for (let from = 0; from < places.length; from += BLOCK_ROWS) {
    yield Array.from(places.subarray(from, from + BLOCK_ROWS), (index, i) => {
      const line = lines[index] as string;
      const fault = faults.get(index);
      const event = fault === undefined ? readRow(line, from + i, index, survey) : refusedRow(line, index, fault, survey);
      return { timeUs: times[index] as number, event };
    });
  }
}

/** @param place the row's sequence, where its id is none; @param index the row in the file */
function readRow(line: string, place: number, index: number, survey: CsvSurvey): SourceEvent {
  try {
    return { kind: "trade", trade: parseTradeRow(line, place, survey.context) };
  } catch (error) {
    if (!(error instanceof InvalidMessageError)) throw error;
    return refusedRow(line, index, error.message, survey);
  }
}

function refusedRow(raw: string, index: number, fault: string, { path }: CsvSurvey): SourceEvent {
  return { kind: "invalid", raw, reason: `${basename(path)} row ${index}: ${fault}`, instrument: null };
}
