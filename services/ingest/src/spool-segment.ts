import { closeSync, openSync, readdirSync, readSync, statSync, truncateSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { readOrCreate, replaceFile } from "./small-file.ts";
import { decodeRecord, type MessageHead, parseHead, RECORD_MESSAGE, type SpoolRecord } from "./spool-record.ts";

/** One file of the spool. */
export interface Segment {
  path: string;
  /** Number of its first message; what it would be where it holds none yet. */
  firstN: number;
  /** Number of its last message, firstN - 1 where it holds none. */
  lastN: number;
  /** Bytes that are written and whole. */
  bytes: number;
  /** Epoch milliseconds of the last write. */
  writtenMs: number;
}

/** The spool's files are not as it left them, beyond a torn end. */
export class SpoolDamagedError extends Error {
  override name = "SpoolDamagedError";
}

const SUFFIX = ".spool";
const CHUNK_BYTES = 1024 * 1024;

export function segmentPath(folder: string, firstN: number, generation: number): string {
  return join(folder, `${String(firstN).padStart(16, "0")}-${String(generation).padStart(8, "0")}${SUFFIX}`);
}

/**
 * The segments of a folder in order, each cut where it is torn, and where a later one (of a process that
 * took over) begins with the same number. `onRecord` gets every record that counts.
 * @throws SpoolDamagedError where messages are missing between two segments
 */
export function loadSegments(folder: string, onRecord: (record: SpoolRecord) => void): Segment[] {
  const names = withoutZombies(folder);
  const segments: Segment[] = [];
  for (const [i, name] of names.entries()) {
    const next = names[i + 1];
    const limit = next === undefined ? Number.POSITIVE_INFINITY : Number.parseInt(next, 10);
    const segment = loadSegment(join(folder, name), Number.parseInt(name, 10), limit, onRecord);
    if (segment.lastN + 1 < limit && next !== undefined) {
      throw new SpoolDamagedError(
        `spool ${folder}: messages ${segment.lastN + 1} to ${limit - 1} are missing after ${name}; move the folder away to start afresh`,
      );
    }
    if (segment.lastN < segment.firstN && next !== undefined) unlinkSync(segment.path);
    else segments.push(segment);
  }
  return segments;
}

/** Begins the folder's next generation, above every one before it, also where the file that counts them was lost. */
export function takeGeneration(folder: string): number {
  const path = join(folder, "generation");
  const counted = Number(readOrCreate(path, () => "0"));
  const written = segmentNames(folder).map(generationOf);
  const generation = Math.max(Number.isSafeInteger(counted) ? counted : 0, ...written) + 1;
  replaceFile(path, String(generation));
  return generation;
}

function segmentNames(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(SUFFIX));
}

function generationOf(name: string): number {
  return Number(name.split(/[-.]/)[1]);
}

/** Names of the segments in order, without those that a process wrote after a later one had taken over: these are removed. */
function withoutZombies(folder: string): string[] {
  let newest = 0;
  return segmentNames(folder)
    .sort()
    .filter((name) => {
      const generation = generationOf(name);
      const valid = generation >= newest;
      if (valid) newest = generation;
      else unlinkSync(join(folder, name));
      return valid;
    });
}

function loadSegment(path: string, firstN: number, limit: number, onRecord: (record: SpoolRecord) => void): Segment {
  const { size, mtimeMs } = statSync(path);
  const segment: Segment = { path, firstN, lastN: firstN - 1, bytes: 0, writtenMs: mtimeMs };
  using reader = openSegment(path);
  for (;;) {
    const record = reader.recordAt(segment.bytes, size);
    if (record === null || record === "damaged") break;
    if (record.kind === RECORD_MESSAGE) {
      const { n } = parseHead<MessageHead>(record);
      if (n >= limit || n !== segment.lastN + 1) break;
      segment.lastN = n;
    }
    onRecord(record);
    segment.bytes += record.size;
  }
  if (segment.bytes < size) truncateSync(path, segment.bytes);
  return segment;
}

/** Reads records of one file through a chunk in memory. */
export interface SegmentReader extends Disposable {
  /** The record at an offset below `end`. Its bytes hold until the next call. */
  recordAt(offset: number, end: number): SpoolRecord | "damaged" | null;
}

export function openSegment(path: string): SegmentReader {
  const file = openSync(path, "r");
  let chunk = Buffer.alloc(0);
  let chunkOffset = 0;
  return {
    recordAt(offset, end) {
      if (offset >= end) return null;
      for (let want = CHUNK_BYTES; ; want *= 4) {
        if (offset >= chunkOffset && offset < chunkOffset + chunk.length) {
          const record = decodeRecord(chunk, offset - chunkOffset);
          if (record !== null) return record;
        }
        if (offset === chunkOffset && chunkOffset + chunk.length >= end) return null;
        const bytes = Buffer.allocUnsafe(Math.min(want, end - offset));
        chunk = bytes.subarray(0, readSync(file, bytes, 0, bytes.length, offset));
        chunkOffset = offset;
        if (chunk.length === 0) return null;
      }
    },
    [Symbol.dispose]: () => closeSync(file),
  };
}
