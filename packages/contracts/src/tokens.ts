/** Partitions of every stream, fixed for ever: another number is a migration. */
export const PARTITIONS = 16;

/** Token in place of the partition for messages that every partition's reader must see. */
export const ALL_PARTITIONS = "all";

const PLAIN = /^[A-Za-z0-9-]+$/;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Encodes any non-empty text as one subject token: `[A-Za-z0-9-]` stay, every other byte of its
 * UTF-8 form becomes `_` and two upper hex digits (`BTC/USDT` -> `BTC_2FUSDT`).
 */
export function encodeToken(text: string): string {
  if (text === "") throw new RangeError("a subject token cannot be empty");
  if (PLAIN.test(text)) return text;
  let token = "";
  for (const byte of encoder.encode(text)) {
    const char = String.fromCharCode(byte);
    token += PLAIN.test(char) ? char : `_${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return token;
}

/** The text that `encodeToken` made the token from; throws RangeError on what it cannot have made. */
export function decodeToken(token: string): string {
  if (PLAIN.test(token)) return token;
  const bytes: number[] = [];
  for (let i = 0; i < token.length; ) {
    const escaped = /^_([0-9A-F]{2})/.exec(token.slice(i, i + 3));
    if (escaped) {
      bytes.push(Number.parseInt(escaped[1] as string, 16));
      i += 3;
    } else if (PLAIN.test(token[i] as string)) {
      bytes.push(token.charCodeAt(i));
      i += 1;
    } else {
      throw new RangeError(`not a subject token: ${JSON.stringify(token)}`);
    }
  }
  const text = decoder.decode(new Uint8Array(bytes));
  if (encodeToken(text) !== token) throw new RangeError(`not a subject token in its one form: ${JSON.stringify(token)}`);
  return text;
}

/**
 * Partition of an instrument: FNV-1a (32 bit) over the UTF-8 bytes of `venue`, a zero byte and
 * `instrument`, modulo 16. The same in every stream, independent of the timeframe.
 * Source of the hash: http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function partitionOf(venue: string, instrument: string): number {
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(`${venue}\0${instrument}`)) {
    hash ^= byte;
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return hash % PARTITIONS;
}
