import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { Gunzip } from "fflate";
import { SourceFileError } from "./source.ts";

const CHUNK_BYTES = 65_536;
/** Head and trail of a gzip file around nothing. */
const MIN_GZIP_BYTES = 20;
const MAX_LINE_CHARS = 16_777_216;

/**
 * The lines of a text file, plain or gzip (told by its first bytes), in arrays as they come, without their ends and
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
    for await (const { bytes, offset, fault } of readBytes(file)) {
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

async function* readBytes(file: FileHandle): AsyncGenerator<Piece> {
  const size = (await file.stat()).size;
  let gunzip: Gunzip | null = null;
  let parts: Uint8Array[] = [];
  let offset = 0;
  do {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, offset);
    const chunk = buffer.subarray(0, bytesRead);
    if (offset === 0 && chunk[0] === 0x1f && chunk[1] === 0x8b) gunzip = new Gunzip((part) => void parts.push(part));
    offset += bytesRead;
    if (gunzip === null) {
      yield { bytes: chunk, offset, fault: null };
      continue;
    }
    parts = [];
    let fault: string | null = null;
    try {
      gunzip.push(chunk, offset >= size || bytesRead === 0);
      if (size < MIN_GZIP_BYTES) throw new Error("unexpected EOF");
    } catch (error) {
      const what = (error as Error).message;
      fault =
        what === "unexpected EOF"
          ? "the compressed data ends in the middle (a truncated file?)"
          : `the compressed data is damaged (${what})`;
    }
    yield { bytes: Buffer.concat(parts), offset, fault };
    if (fault !== null || bytesRead === 0) return;
  } while (offset < size);
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
