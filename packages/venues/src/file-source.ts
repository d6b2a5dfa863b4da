import type { CalendarName } from "@tickfleet/market/instrument";
import { openCapture } from "./binance/capture.ts";
import type { ChosenColumns } from "./csv/columns.ts";
import { openCsvTrades } from "./csv/trades.ts";
import { openToRead, readLines } from "./file-lines.ts";
import { listZip } from "./file-zip.ts";
import { isLeanName } from "./lean/parse.ts";
import { openLeanTicks } from "./lean/ticks.ts";
import { type ScriptedSource, SourceFileError } from "./source.ts";

export const FILE_FORMATS = ["binance-capture", "lean-ticks", "csv-trades"] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

export interface FileSourceOptions {
  /** Files of one format. */
  files: readonly string[];
  /** Told by the first file's name and content where absent. */
  format?: FileFormat | undefined;
  venue?: string | undefined;
  /** For CSV files that do not name it. */
  instrument?: string | undefined;
  /** For CSV files. */
  calendar?: CalendarName | undefined;
  /** For CSV files: columns that the header calls otherwise. */
  columns?: ChosenColumns | undefined;
  /** What is later than this is wrong, epoch microseconds; default never. */
  latestUs?: number | undefined;
  connection?: string | undefined;
}

/**
 * Opens recorded files as one source, whatever their format.
 * @throws SourceFileError where a file cannot be read or is of no known format; RangeError for no file or an unknown venue
 */
export async function openFileSource(options: FileSourceOptions): Promise<ScriptedSource> {
  const { files, venue, instrument, calendar, columns, latestUs, connection } = options;
  const first = files[0];
  if (first === undefined) throw new RangeError("no file to replay");
  const common = {
    files,
    ...(venue === undefined ? {} : { venue }),
    ...(connection === undefined ? {} : { connection }),
    ...(latestUs === undefined ? {} : { latestUs }),
  };
  switch (options.format ?? (await detectFormat(first))) {
    case "binance-capture":
      return openCapture(common);
    case "lean-ticks":
      return openLeanTicks(common);
    case "csv-trades":
      return openCsvTrades({
        ...common,
        ...(instrument === undefined ? {} : { instrument }),
        ...(calendar === undefined ? {} : { calendar }),
        ...(columns === undefined ? {} : { columns }),
      });
  }
}

/**
 * The format of a file: zips of Lean's names are its ticks, lines that begin with a time and a brace are a capture, lines
 * with separators are CSV, in a zip too. @throws SourceFileError
 */
export async function detectFormat(file: string): Promise<FileFormat> {
  if (await isLeanZip(file)) return "lean-ticks";
  for await (const lines of readLines(file)) {
    if (lines.slice(0, 20).some((each) => /^\d{13,19} [{[]/.test(each))) return "binance-capture";
    const line = lines.find((each) => each.trim() !== "" && !each.startsWith("#")) ?? (lines[0] as string);
    if (/[,;\t]/.test(line)) return "csv-trades";
    throw new SourceFileError(`${file}: neither a capture, nor ticks, nor CSV: its first line is ${JSON.stringify(line.slice(0, 80))}`);
  }
  throw new SourceFileError(`${file}: no lines in it`);
}

/** A zip that is damaged counts as Lean's, whose reader says what is wrong with it. */
async function isLeanZip(path: string): Promise<boolean> {
  const isNamedZip = /\.zip$/i.test(path);
  try {
    await using file = await openToRead(path);
    const magic = (await file.read(Buffer.alloc(2), 0, 2, 0)).buffer.toString("latin1");
    if (magic !== "PK") return isNamedZip;
    const entries = await listZip(file);
    return entries.length === 0 || entries.some(({ name }) => isLeanName(name));
  } catch (error) {
    if (error instanceof SourceFileError && !isNamedZip) throw error;
    return true;
  }
}
