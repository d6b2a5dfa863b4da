import { openToRead, readLines } from "./file-lines.ts";
import { type SourceBlock, type SourceEvent, SourceFileError } from "./source.ts";

/** Lines in one block; fixed, so that a run can be resumed at any block. */
const BLOCK_LINES = 1000;

/** Turns the lines of files into events; it is given every line in order, also those before the place of a resumption. */
export interface LineReader {
  read(lines: readonly string[], file: string): SourceEvent[];
  end(reason: string): SourceEvent[];
}

/** Opens and closes each file; @throws SourceFileError naming one that cannot be read */
export async function checkFiles(files: readonly string[]): Promise<void> {
  for (const file of files) await (await openToRead(file)).close();
}

/**
 * Reads files one after another, in blocks of lines that never span two files. A position is the number of lines
 * before a block, over all files. A file damaged in the middle counts as far as it can be read.
 * @throws SourceFileError after the last block, where a file could not be read to its end, or no file had a line
 */
export async function* replayLines(files: readonly string[], reader: LineReader, from: number): AsyncGenerator<SourceBlock> {
  const faults: SourceFileError[] = [];
  let position = 0;
  for (const file of files) {
    try {
      for await (const lines of blocksOfLines(file)) {
        const events = reader.read(lines, file);
        if (position >= from) yield { position, events };
        position += lines.length;
      }
    } catch (error) {
      if (!(error instanceof SourceFileError)) throw error;
      faults.push(error);
    }
  }
  if (position === 0 && faults.length === 0) throw new SourceFileError(`${files.join(", ")}: no lines to replay`);
  const reason = faults.length === 0 ? "end of the file" : faults.map((fault) => fault.message).join("; ");
  if (position > 0 && position >= from) yield { position, events: reader.end(reason) };
  if (faults.length > 0) throw new SourceFileError(reason, { cause: faults[0] });
}

/** The lines of one file in full blocks, and a shorter one at its end. */
export async function* blocksOfLines(file: string): AsyncGenerator<string[]> {
  let block: string[] = [];
  let fault: SourceFileError | null = null;
  try {
    for await (const lines of readLines(file)) {
      for (const line of lines) {
        block.push(line);
        if (block.length === BLOCK_LINES) {
          yield block;
          block = [];
        }
      }
    }
  } catch (error) {
    if (!(error instanceof SourceFileError)) throw error;
    fault = error;
  }
  if (block.length > 0) yield block;
  if (fault !== null) throw fault;
}

/** Adds a new greatest time; of several in a row the last one stays. */
export function pushTime(events: SourceEvent[], timeUs: number): void {
  const last = events.at(-1);
  if (last?.kind === "time") last.timeUs = timeUs;
  else events.push({ kind: "time", timeUs });
}
