import type { CalendarName } from "@tickfleet/market/instrument";
import { openCapture } from "./binance/capture.ts";
import { openCsvTrades } from "./csv/trades.ts";
import { readLines } from "./file-lines.ts";
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
  connection?: string | undefined;
}

/**
 * Opens recorded files as one source, whatever their format.
 * @throws SourceFileError where a file cannot be read or is of no known format; RangeError for no file or an unknown venue
 */
export async function openFileSource(options: FileSourceOptions): Promise<ScriptedSource> {
  const { files, venue, instrument, calendar, connection } = options;
  const first = files[0];
  if (first === undefined) throw new RangeError("no file to replay");
  const common = { files, ...(venue === undefined ? {} : { venue }), ...(connection === undefined ? {} : { connection }) };
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
      });
  }
}

/** The format of a file: zips are Lean's, lines that begin with a time and a brace are a capture. @throws SourceFileError */
export async function detectFormat(file: string): Promise<FileFormat> {
  if (/\.zip$/i.test(file)) return "lean-ticks";
  for await (const lines of readLines(file)) {
    const line = lines[0] as string;
    if (line.startsWith("PK")) return "lean-ticks";
    if (lines.slice(0, 20).some((each) => /^\d{16,19} [{[]/.test(each))) return "binance-capture";
    if (/[,;\t]/.test(line)) return "csv-trades";
    throw new SourceFileError(`${file}: neither a capture, nor ticks, nor CSV: its first line is ${JSON.stringify(line.slice(0, 80))}`);
  }
  throw new SourceFileError(`${file}: no lines in it`);
}
