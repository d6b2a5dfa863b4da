import { crc32 } from "node:zlib";

/** What a record of the spool holds. */
export const RECORD_MESSAGE = 1;
export const RECORD_STATE = 2;
export const RECORD_ACKNOWLEDGED = 3;

/** Head of a message record. */
export interface MessageHead {
  /** Number in the spool, growing by one for ever. */
  n: number;
  subject: string;
  /** Headers besides the message's id. */
  headers?: Record<string, string>;
  source: string;
  /** Number of the message within its source, from 1. */
  index: number;
}

/** Head of a state record: where a source stands. An empty payload forgets the source. */
export interface StateHead {
  source: string;
  position: number;
  /** Messages that the source had made at this state. */
  index: number;
  /** Messages of the source that were spooled when this record was written, later ones than the state's included. */
  lastIndex: number;
}

/** Head of an acknowledgement: message `n` is stored at `seq` of this incarnation of the stream. */
export interface AcknowledgedHead {
  n: number;
  seq: number;
  created: string;
}

export interface SpoolRecord {
  kind: number;
  head: Buffer;
  payload: Buffer;
  /** Bytes in the file, frame included. */
  size: number;
}

/** length and checksum of what follows, kind, length of the head */
const FRAME_BYTES = 4 + 4;
const INNER_BYTES = 1 + 4;
const LONGEST_RECORD = 256 * 1024 * 1024;

const EMPTY = new Uint8Array();

/** Bytes of one record: frame, kind, head as JSON, payload. */
export function encodeRecord(kind: number, head: object, payload: Uint8Array = EMPTY): Buffer {
  const text = JSON.stringify(head);
  const headBytes = Buffer.byteLength(text);
  const record = Buffer.allocUnsafe(FRAME_BYTES + INNER_BYTES + headBytes + payload.byteLength);
  record.writeUInt8(kind, FRAME_BYTES);
  record.writeUInt32LE(headBytes, FRAME_BYTES + 1);
  record.write(text, FRAME_BYTES + INNER_BYTES);
  record.set(payload, FRAME_BYTES + INNER_BYTES + headBytes);
  record.writeUInt32LE(record.length - FRAME_BYTES, 0);
  record.writeUInt32LE(crc32(record.subarray(FRAME_BYTES)), 4);
  return record;
}

/** The record at an offset; null where the bytes end before it does; "damaged" where it is none. */
export function decodeRecord(bytes: Buffer, offset: number): SpoolRecord | "damaged" | null {
  if (bytes.length - offset < FRAME_BYTES) return null;
  const length = bytes.readUInt32LE(offset);
  if (length < INNER_BYTES || length > LONGEST_RECORD) return "damaged";
  if (bytes.length - offset < FRAME_BYTES + length) return null;
  const inner = bytes.subarray(offset + FRAME_BYTES, offset + FRAME_BYTES + length);
  if (crc32(inner) !== bytes.readUInt32LE(offset + 4)) return "damaged";
  const headBytes = inner.readUInt32LE(1);
  if (INNER_BYTES + headBytes > length) return "damaged";
  return {
    kind: inner.readUInt8(0),
    head: inner.subarray(INNER_BYTES, INNER_BYTES + headBytes),
    payload: inner.subarray(INNER_BYTES + headBytes),
    size: FRAME_BYTES + length,
  };
}

export function parseHead<Head>(record: SpoolRecord): Head {
  return JSON.parse(record.head.toString("utf8")) as Head;
}
