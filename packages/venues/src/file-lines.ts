import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { Gunzip, Inflate } from "fflate";
import { listZip, type ZipEntry } from "./file-zip.ts";
import { SourceFileError } from "./source.ts";

const CHUNK_BYTES = 65_536;
/** Head and trail of a gzip file around nothing. */
const MIN_GZIP_BYTES = 20;
const MAX_LINE_CHARS = 16_777_216;

/**
 * The lines of a text file, plain, gzip or the only file in a zip (told by the first bytes), in arrays as they come, without their ends and
 * without empty lines at the end. What can be read of a damaged file is yielded first; a line cut by the damage is not.
 * @throws SourceFileError naming the file, and the offset in it where it cannot be read further
 */
export async function* readLines(path: string): AsyncGenerator<string[]> {
  const name = basename(path);
  const file = await openToRead(path);
  try {
    const size = (await file.stat()).size;
    const decoder = new TextDecoder();
    let rest = "";
    for await (const { bytes, offset, fault } of readBytes(file, name)) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() as string;
      if (lines.length > 0) yield lines.map(withoutReturn);
      if (rest.length > MAX_LINE_CHARS)
        throw new SourceFileError(`${name}: a line of over ${MAX_LINE_CHARS} characters at byte ${offset}: not a text file`);
      if (fault !== null) throw new SourceFileError(`${name}: cannot be read beyond byte ${offset} of ${size}: ${fault}`);
    }
    rest += decoder.decode();
    if (rest !== "") yield [withoutReturn(rest)];
  } finally {
    await file.close();
  }
}

/** Opens a file; @throws SourceFileError saying why it cannot be read */
export async function openToRead(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, "r");
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const why = code === "ENOENT" ? "no such file" : code === "EACCES" ? "no permission to read it" : (cause as Error).message;
    throw new SourceFileError(`${path}: ${why}`, { cause });
  }
  throw new SourceFileError(`${path}: not a file`);
}

interface Piece {
  bytes: Uint8Array;
  /** Bytes of the file that were taken in so far. */
  offset: number;
  /** Why nothing more can be read, null while all is well. */
  fault: string | null;
}

async function* readBytes(file: FileHandle, name: string): AsyncGenerator<Piece> {
  const size = (await file.stat()).size;
  const [one, two, three, four] = (await file.read(Buffer.alloc(4), 0, 4, 0)).buffer;
  if (one === 0x50 && two === 0x4b && three === 3 && four === 4) {
    const entry = await onlyEntry(file, name);
    const end = entry.offset + entry.bytes;
    yield* entry.deflated ? inflated(file, entry.offset, end, (take) => new Inflate(take)) : plain(file, entry.offset, end);
  } else if (one === 0x1f && two === 0x8b) {
    yield* inflated(file, 0, size, (take) => new Gunzip(take));
  } else {
    yield* plain(file, 0, size);
  }
}

async function onlyEntry(file: FileHandle, name: string): Promise<ZipEntry> {
  let entries: ZipEntry[];
  try {
    entries = await listZip(file);
  } catch (cause) {
    throw new SourceFileError(`${name}: not a whole zip (truncated or damaged?): ${(cause as Error).message}`, { cause });
  }
  const [entry] = entries;
  if (entry !== undefined && entries.length === 1) return entry;
  throw new SourceFileError(`${name}: expected a zip of one file, found ${entries.length} in it`);
}

async function* plain(file: FileHandle, from: number, to: number): AsyncGenerator<Piece> {
  for (let offset = from; offset < to; ) {
    const chunk = await readChunk(file, offset, to);
    if (chunk.length === 0) return;
    offset += chunk.length;
    yield { bytes: chunk, offset, fault: null };
  }
}

interface Inflater {
  push(chunk: Uint8Array, isLast: boolean): void;
}

async function* inflated(
  file: FileHandle,
  from: number,
  to: number,
  createInflater: (take: (part: Uint8Array) => void) => Inflater,
): AsyncGenerator<Piece> {
  let parts: Uint8Array[] = [];
  const inflater = createInflater((part) => void parts.push(part));
  let offset = from;
  do {
    const chunk = await readChunk(file, offset, to);
    offset += chunk.length;
    parts = [];
    let fault: string | null = null;
    try {
      inflater.push(chunk, offset >= to || chunk.length === 0);
      if (from === 0 && to < MIN_GZIP_BYTES) throw new Error("unexpected EOF");
    } catch (error) {
      const what = (error as Error).message;
      fault =
        what === "unexpected EOF"
          ? "the compressed data ends in the middle (a truncated file?)"
          : `the compressed data is damaged (${what})`;
    }
    yield { bytes: Buffer.concat(parts), offset, fault };
    if (fault !== null || chunk.length === 0) return;
  } while (offset < to);
}

async function readChunk(file: FileHandle, offset: number, to: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, Math.min(CHUNK_BYTES, to - offset), offset);
  return buffer.subarray(0, bytesRead);
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
