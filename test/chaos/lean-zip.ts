import { readFileSync, writeFileSync } from "node:fs";
import { crc32, inflateRawSync } from "node:zlib";

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_HEADER = 0x06054b50;
const VERSION = 20;

/** Lines of the one file in a zip. @throws Error where it is no zip of one deflated file */
export function readZip(path: string): string[] {
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || bytes.readUInt16LE(end + 10) !== 1) throw new Error(`${path}: expected a zip with one file in it`);
  const central = bytes.readUInt32LE(end + 16);
  const size = bytes.readUInt32LE(central + 20);
  const local = bytes.readUInt32LE(central + 42);
  const begin = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
  return inflateRawSync(bytes.subarray(begin, begin + size))
    .toString("utf8")
    .trimEnd()
    .split(/\r?\n/);
}

/** Writes lines as the one file, uncompressed, of a zip. */
export function writeZip(path: string, name: string, lines: readonly string[]): void {
  const data = Buffer.from(`${lines.join("\n")}\n`);
  const label = Buffer.from(name);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(VERSION, 0);
  common.writeUInt32LE(crc32(data), 10);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt32LE(data.length, 18);
  common.writeUInt16LE(label.length, 22);
  const local = Buffer.concat([unsigned(LOCAL_HEADER), common, label, data]);
  const central = Buffer.concat([unsigned(CENTRAL_HEADER), Buffer.from([VERSION, 0]), common, Buffer.alloc(14), label]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(local.length, 12);
  writeFileSync(path, Buffer.concat([local, central, unsigned(END_HEADER), end]));
}

function unsigned(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
