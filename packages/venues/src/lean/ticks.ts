import { basename } from "node:path";
import { calendarOf } from "@tickfleet/market/calendar";
import type { Instrument } from "@tickfleet/market/instrument";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { strFromU8, unzipSync } from "fflate";
import { openToRead } from "../file-lines.ts";
import { type ScriptedSource, type SourceBlock, type SourceEvent, SourceFileError } from "../source.ts";
import { describeLeanInstrument, LEAN_VENUE, type LeanEntry, parseEntryName, parseTradeRow } from "./parse.ts";

/** Rows in one block; fixed, so that a run can be resumed at any block. */
const BLOCK_ROWS = 1000;
const NOON_MS = 43_200_000;

export interface LeanTicksOptions {
  /** Zips of trade ticks, equities, futures or crypto; files of one day are merged by time, days follow one another. */
  files: readonly string[];
  venue?: string;
  connection?: string;
}

/**
 * A source that replays zips of Lean trade ticks, equities, futures and crypto. Its clock is the time of the rows.
 * @throws SourceFileError where a file is no zip, is damaged, or holds something other than trades, or a day that the calendar does not know; RangeError where there is no file
 */
export async function openLeanTicks(options: LeanTicksOptions): Promise<ScriptedSource> {
  if (options.files.length === 0) throw new RangeError("ticks need at least one file");
  const venue = options.venue ?? LEAN_VENUE;
  const connection = options.connection ?? "replay";
  const days = new Map<number, { file: string; entry: LeanEntry }[]>();
  for (const file of options.files) {
    for (const name of Object.keys(await unzip(file, () => false)).sort()) {
      const entry = nameEntry(file, name);
      checkRange(file, entry);
      const day = Math.floor(entry.midnightMs / 86_400_000);
      days.set(day, [...(days.get(day) ?? []), { file, entry }]);
    }
  }
  const inOrder = [...days].sort((a, b) => a[0] - b[0]).map(([, members]) => members);
  return {
    id: options.files.map((file) => basename(file)).join(","),
    venue,
    connection,
    instruments: async () => [...new Set(inOrder.flat().map(({ entry }) => entry.instrument))].sort(),
    events: (from) => readDays(inOrder, venue, connection, from),
  };
}

interface Member {
  file: string;
  entry: LeanEntry;
}

async function* readDays(
  days: readonly (readonly Member[])[],
  venue: string,
  connection: string,
  from: number,
): AsyncGenerator<SourceBlock> {
  const instruments = new Map<string, Instrument>();
  let position = 0;
  let greatest = 0;
  for (const members of days) {
    const tables = await Promise.all(members.map(loadTable));
    let fresh = false;
    for (const { entry } of tables) {
      fresh ||= !instruments.has(entry.instrument);
      if (!instruments.has(entry.instrument)) instruments.set(entry.instrument, { ...describeLeanInstrument(entry), venue });
    }
    let open = fresh;
    for (const { events, rows } of mergedBlocks(tables)) {
      if (open) {
        const timeUs = Math.max(greatest, events.find((event) => event.kind === "time")?.timeUs ?? 0);
        const reason = greatest === 0 ? "start of the file" : "more instruments in the next file";
        events.unshift({
          kind: "open",
          connection,
          venue,
          timeUs,
          instruments: [...instruments.values()],
          reason,
          consecutiveIds: false,
          refill: "none",
        });
        open = false;
      }
      const last = events.findLast((event) => event.kind === "time");
      if (last?.kind === "time") greatest = Math.max(greatest, last.timeUs);
      if (position >= from) yield { position, events };
      position += rows;
    }
  }
  if (position === 0)
    throw new SourceFileError(`${[...new Set(days.flat().map(({ file }) => basename(file)))].join(", ")}: no rows to replay`);
  if (position >= from) yield { position, events: [{ kind: "end", timeUs: greatest, reason: "end of the file" }] };
}

interface Table {
  entry: LeanEntry;
  rows: string[];
}

async function loadTable({ file, entry }: Member): Promise<Table> {
  const bytes = (await unzip(file, (name) => name === entry.name))[entry.name] as Uint8Array;
  const rows = strFromU8(bytes).split("\n");
  if (rows.at(-1) === "") rows.pop();
  return { entry, rows: rows.map((row) => (row.endsWith("\r") ? row.slice(0, -1) : row)) };
}

/** Blocks of the rows of several tables, merged by time; equal times keep the order of the tables. */
function* mergedBlocks(tables: readonly Table[]): Generator<{ events: SourceEvent[]; rows: number }> {
  const cursors = tables.filter((table) => table.rows.length > 0).map((table) => ({ ...table, at: 0, head: parseRow(table, 0) }));
  let events: SourceEvent[] = [];
  let rows = 0;
  let greatest = 0;
  while (cursors.length > 0) {
    let cursor = cursors[0] as (typeof cursors)[number];
    for (const other of cursors) if (orderOf(other.head) < orderOf(cursor.head)) cursor = other;
    const event = cursor.head;
    events.push(event);
    if (event.kind === "trade" && event.trade.eventTimeUs > greatest) {
      greatest = event.trade.eventTimeUs;
      events.push({ kind: "time", timeUs: greatest });
    }
    rows += 1;
    if (rows === BLOCK_ROWS) {
      yield { events, rows };
      events = [];
      rows = 0;
    }
    cursor.at += 1;
    if (cursor.at < cursor.rows.length) cursor.head = parseRow(cursor, cursor.at);
    else cursors.splice(cursors.indexOf(cursor), 1);
  }
  if (rows > 0) yield { events, rows };
}

/** Rows that cannot be read come where they stand. */
function orderOf(event: SourceEvent): number {
  return event.kind === "trade" ? event.trade.eventTimeUs : Number.NEGATIVE_INFINITY;
}

function parseRow(table: Table, at: number): SourceEvent {
  const row = table.rows[at] as string;
  try {
    return { kind: "trade", trade: parseTradeRow(row, table.entry, at) };
  } catch (error) {
    if (!(error instanceof InvalidMessageError)) throw error;
    return { kind: "invalid", raw: row, reason: `${table.entry.name} row ${at}: ${error.message}`, instrument: table.entry.instrument };
  }
}

function nameEntry(file: string, name: string): LeanEntry {
  try {
    return parseEntryName(name);
  } catch (cause) {
    if (!(cause instanceof InvalidMessageError)) throw cause;
    throw new SourceFileError(`${basename(file)}: ${cause.message}`, { cause });
  }
}

/** @throws SourceFileError where the instrument's calendar has no data for the day */
function checkRange(file: string, entry: LeanEntry): void {
  const sessions = calendarOf(describeLeanInstrument(entry).calendar).sessionsOf("all");
  try {
    sessions.ofDay(sessions.dayAt(entry.midnightMs + NOON_MS));
  } catch (cause) {
    throw new SourceFileError(`${basename(file)}: ${entry.name} is beyond its calendar: ${(cause as Error).message}`, { cause });
  }
}

/** Entries of a zip by name; those that `wanted` refuses are listed with no bytes. */
async function unzip(file: string, wanted: (name: string) => boolean): Promise<Record<string, Uint8Array>> {
  const handle = await openToRead(file);
  try {
    const bytes = await handle.readFile();
    const listed: Record<string, Uint8Array> = {};
    const read = unzipSync(bytes, {
      filter: ({ name }) => {
        listed[name] = new Uint8Array();
        return wanted(name);
      },
    });
    if (Object.keys(listed).length === 0) throw new Error("nothing in it");
    return { ...listed, ...read };
  } catch (cause) {
    if (cause instanceof SourceFileError) throw cause;
    throw new SourceFileError(`${basename(file)}: not a whole zip (truncated or damaged?): ${(cause as Error).message}`, { cause });
  } finally {
    await handle.close();
  }
}
