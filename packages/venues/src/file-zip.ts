import type { FileHandle } from "node:fs/promises";

/** One file in a zip: where its bytes are, and whether they are deflated. */
export interface ZipEntry {
  name: string;
  deflated: boolean;
  /** First byte of its data in the zip, and how many follow. */
  offset: number;
  bytes: number;
}

const END_BYTES = 22;
/** The end of the directory, and the longest comment behind it. */
const MOST_END_BYTES = END_BYTES + 65_535;
const SIGNATURES = { end: 0x06054b50, entry: 0x02014b50, local: 0x04034b50 } as const;
const [STORED, DEFLATED] = [0, 8];

/**
 * The files in a zip, without folders and what a Mac adds. @throws Error saying what is wrong with it
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT 4.3
 */
export async function listZip(file: FileHandle): Promise<ZipEntry[]> {
  const size = (await file.stat()).size;
  const tail = await read(file, Math.max(0, size - MOST_END_BYTES), Math.min(size, MOST_END_BYTES));
  let end = tail.length - END_BYTES;
  while (end >= 0 && tail.readUInt32LE(end) !== SIGNATURES.end) end -= 1;
  if (end < 0) throw new Error("its directory is missing");
  const [count, bytes, start] = [tail.readUInt16LE(end + 10), tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)];
  if (start === 0xffff_ffff || count === 0xffff) throw new Error("it is in the format for over 4 GB, which is not read here");
  const directory = await read(file, start, bytes);
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (directory.readUInt32LE(at) !== SIGNATURES.entry) throw new Error("its directory is damaged");
    const method = directory.readUInt16LE(at + 10);
    const nameBytes = directory.readUInt16LE(at + 28);
    const name = directory.toString("utf8", at + 46, at + 46 + nameBytes);
    const local = await read(file, directory.readUInt32LE(at + 42), 30);
    if (local.readUInt32LE(0) !== SIGNATURES.local) throw new Error(`${name} is not where its directory says`);
    const offset = directory.readUInt32LE(at + 42) + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
    if (!name.endsWith("/") && !name.startsWith("__MACOSX")) {
      if (method !== STORED && method !== DEFLATED) throw new Error(`${name} is compressed by method ${method}, which is not read here`);
      entries.push({ name, deflated: method === DEFLATED, offset, bytes: directory.readUInt32LE(at + 20) });
    }
    at += 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

async function read(file: FileHandle, offset: number, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, offset);
  if (bytesRead < bytes) throw new Error("it ends in the middle");
  return buffer;
}
