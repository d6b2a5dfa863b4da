import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";

/** A time as epoch microseconds, and the nanoseconds beyond. */
export interface ParsedTime {
  us: number;
  nsRest: number;
}

const ISO = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d{1,9}))?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?$/;

/**
 * A time: ISO 8601 (UTC where it names no zone), or a number of seconds, milliseconds, microseconds or nanoseconds,
 * told apart by its digits. @throws InvalidMessageError
 */
export function parseTime(text: string): ParsedTime {
  if (/^\d{10,16}$/.test(text)) {
    const value = Number(text);
    if (text.length <= 11) return { us: value * 1_000_000, nsRest: 0 };
    if (text.length <= 14) return { us: value * 1000, nsRest: 0 };
    if (Number.isSafeInteger(value)) return { us: value, nsRest: 0 };
  }
  const number = /^(\d{1,19})(?:[.,](\d*))?$/.exec(text);
  if (number) {
    const [, whole, fraction = ""] = number as unknown as [string, string, string | undefined];
    const decimals = whole.length <= 11 ? 9 : whole.length <= 14 ? 6 : whole.length <= 17 ? 3 : 0;
    return split(BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, "0")));
  }
  const iso = ISO.exec(text);
  if (iso === null)
    throw new InvalidMessageError(`time: expected ISO 8601 or a number since 1970, found ${JSON.stringify(text.slice(0, 60))}`);
  const [, date, minute, second = ":00", fraction = "", zone = "Z"] = iso as unknown as [string, string, string, ...(string | undefined)[]];
  const ms = Date.parse(`${date}T${minute}${second}${offsetOf(zone)}`);
  if (Number.isNaN(ms)) throw new InvalidMessageError(`time: no such time: ${text}`);
  return split(BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0")));
}

/** A zone as JavaScript reads it: `+00` and `+0000` are `+00:00`. */
function offsetOf(zone: string): string {
  if (!/^[+-]/.test(zone)) return "Z";
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  return `${zone[0]}${digits.slice(0, 2)}:${digits.slice(2)}`;
}

function split(ns: bigint): ParsedTime {
  return { us: Number(ns / 1000n), nsRest: Number(ns % 1000n) };
}

/** The cells of a row; a cell in double quotes may hold the delimiter, and a quote doubled. */
export function splitRow(line: string, delimiter: string): string[] {
  if (!line.includes('"')) return line.split(delimiter);
  const cells: string[] = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i] as string;
    if (char === '"' && quoted && line[i + 1] === '"') {
      cell += '"';
      i += 1;
    } else if (char === '"') {
      quoted = !quoted;
    } else if (char === delimiter && !quoted) {
      cells.push(cell);
      cell = "";
    } else {
      cell += char;
    }
  }
  return [...cells, cell];
}
