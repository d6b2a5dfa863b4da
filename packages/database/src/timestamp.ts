const TIMESTAMPTZ = /^(\d{4,})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/;

/** Microseconds from 1970-01-01 to 2000-01-01 UTC, where PostgreSQL's binary timestamps start. */
export const POSTGRES_EPOCH_US = 946_684_800_000_000;

/**
 * Epoch microseconds of a `timestamptz` in PostgreSQL's ISO text form, exact to the microsecond
 * (a `Date` would keep milliseconds only). `infinity` and `-infinity` become the infinities.
 * @throws RangeError on any other text, years before Christ and values beyond 2^53 microseconds (year 2255)
 */
export function parseTimestamptz(text: string): number {
  if (text === "infinity") return Number.POSITIVE_INFINITY;
  if (text === "-infinity") return Number.NEGATIVE_INFINITY;
  const match = TIMESTAMPTZ.exec(text);
  if (match === null) throw new RangeError(`expected a timestamptz in ISO form, found ${JSON.stringify(text)}`);
  const [, year, month, day, hour, minute, second, fraction = "", sign, zoneHour, zoneMinute = "0", zoneSecond = "0"] = match;
  const wall = new Date(0);
  wall.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  wall.setUTCHours(Number(hour), Number(minute), Number(second));
  const offsetSeconds = Number(zoneHour) * 3600 + Number(zoneMinute) * 60 + Number(zoneSecond);
  const seconds = wall.getTime() / 1000 - (sign === "-" ? -offsetSeconds : offsetSeconds);
  const us = seconds * 1e6 + Number(fraction.padEnd(6, "0"));
  if (!Number.isSafeInteger(us)) throw new RangeError(`timestamptz ${text} does not fit 2^53 microseconds`);
  return us;
}

/**
 * Text that PostgreSQL reads as the `timestamptz` of these epoch microseconds, for query parameters.
 * @throws RangeError where the value is not a whole number of microseconds below 2^53
 */
export function formatTimestamptz(us: number): string {
  if (us === Number.POSITIVE_INFINITY) return "infinity";
  if (us === Number.NEGATIVE_INFINITY) return "-infinity";
  if (!Number.isSafeInteger(us)) throw new RangeError(`expected whole epoch microseconds below 2^53, found ${us}`);
  const ms = Math.floor(us / 1000);
  const rest = us - ms * 1000;
  return new Date(ms).toISOString().replace("Z", `${String(rest).padStart(3, "0")}Z`);
}
