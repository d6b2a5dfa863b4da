const MS = /^\d{1,14}$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+\- ]\d\d:?\d\d)?$/;
const RELATIVE = /^-(\d{1,9})(ms|s|m|h|d|w)$/;
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
/** Epoch seconds of this century, also with the fraction that some languages write. */
const SECONDS = /^(\d{10})(?:\.(\d{1,9}))?$/;
/** Last instant that fits 2^53 microseconds (year 2255), in milliseconds; later ones are taken as this one, those before 1970 as 0. */
const LATEST_MS = 9_007_199_254_740;
/** Latest time that a query can name, epoch microseconds. */
export const LATEST_US = LATEST_MS * 1_000;

/** What a text that is not a time should have been. */
export interface TimeFault {
  code: "invalid-time" | "time-in-seconds";
  detail: string;
  fix: string;
}

const FORMS = "epoch milliseconds, RFC 3339 with a zone (2024-03-01T12:00:00Z), a UTC date (2024-03-01), -24h or now";

/**
 * Epoch microseconds of a time in a query: epoch milliseconds, RFC 3339 with a zone, a UTC date, a span
 * back from now (`-90s`, `-24h`, `-7d`), or `now`. A value with the ten digits of epoch seconds, and maybe a fraction, is a fault.
 * @param nowMs the present, epoch milliseconds
 */
export function parseQueryTime(text: string, nowMs: number): number | TimeFault {
  const time = readTime(text, nowMs);
  return typeof time === "number" ? Math.min(Math.max(time, 0), LATEST_US) : time;
}

function readTime(text: string, nowMs: number): number | TimeFault {
  if (text === "now") return nowMs * 1_000;
  const seconds = SECONDS.exec(text);
  if (seconds) return secondsFault(text, seconds);
  if (MS.test(text)) return Number(text) * 1_000;
  const relative = RELATIVE.exec(text);
  if (relative) return (nowMs - Number(relative[1]) * UNIT_MS[relative[2] as keyof typeof UNIT_MS]) * 1_000;
  const day = DATE.exec(text);
  if (day) return dayUs(text) ?? fault(`${text} is not a day of the calendar`);
  const instant = RFC3339.exec(text);
  if (instant) return parseInstant(instant, text);
  if (/^\d{15,20}$/.test(text)) return fault(`${text} reads as micro- or nanoseconds`, `divide it: times are ${FORMS}`);
  return fault(`cannot read ${JSON.stringify(text.slice(0, 64))} as a time`);
}

function secondsFault(text: string, [, whole = "", fraction = ""]: RegExpExecArray): TimeFault {
  const ms = `${whole}${fraction.slice(0, 3).padEnd(3, "0")}`;
  return {
    code: "time-in-seconds",
    detail: `${text} reads as epoch seconds (${new Date(Number(ms)).toISOString()}); times are epoch milliseconds`,
    fix: `multiply by 1,000: ${ms}`,
  };
}

function parseInstant(match: RegExpExecArray, text: string): number | TimeFault {
  const [, date = "", hour = "", minute = "", second = "", fraction = "", zone] = match;
  if (zone === undefined) return fault(`${text} names no time zone`, `append Z for UTC: ${text}Z`);
  const day = dayUs(date);
  const inDay = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
  if (day === null || !inDay) return fault(`${text} is not an instant of the calendar`);
  const clockMs = Number(hour) * UNIT_MS.h + Number(minute) * UNIT_MS.m + Number(second) * UNIT_MS.s;
  const us = day + clockMs * 1_000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
  return us - offsetMs(zone) * 1_000;
}

/** A `+` that was not escaped in a query arrives as a space. */
function offsetMs(zone: string): number {
  if (zone === "Z" || zone === "z") return 0;
  const ms = Number(zone.slice(1, 3)) * UNIT_MS.h + Number(zone.slice(-2)) * UNIT_MS.m;
  return zone.startsWith("-") ? -ms : ms;
}

function dayUs(text: string): number | null {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text ? null : ms * 1_000;
}

function fault(detail: string, fix = `give ${FORMS}`): TimeFault {
  return { code: "invalid-time", detail, fix };
}
