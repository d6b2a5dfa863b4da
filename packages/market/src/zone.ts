/** One UTC or civil day in milliseconds. */
export const DAY_MS = 86_400_000;

/** Days kept per zone before its cache starts afresh; about eleven years. */
const CACHED_DAYS = 4_096;

/** A time zone: where its wall clock stands against UTC. */
export interface Zone {
  /** `UTC` or an IANA name. */
  readonly name: string;
  /** Milliseconds to add to UTC to get the wall clock, at an instant in epoch milliseconds. */
  offsetAt(timeMs: number): number;
}

/** The offsets of one UTC day: `before` until `changeMs`, `after` from it on. */
interface DayOffsets {
  before: number;
  after: number;
  changeMs: number;
}

const UTC: Zone = { name: "UTC", offsetAt: () => 0 };
const zones = new Map<string, Zone>([["UTC", UTC]]);

/**
 * The zone of that name, always the same object. Offsets come from the runtime's time zone tables, are
 * looked up once per day and then cost a map access. Throws RangeError on an unknown name.
 */
export function zoneOf(name: string): Zone {
  let zone = zones.get(name);
  if (zone === undefined) {
    zone = createZone(name);
    zones.set(name, zone);
  }
  return zone;
}

/** Number of the civil day (0 = 1970-01-01) that the zone's wall clock shows at an instant. */
export function dayAt(zone: Zone, timeMs: number): number {
  return Math.floor((timeMs + zone.offsetAt(timeMs)) / DAY_MS);
}

/**
 * The instant, in epoch milliseconds, at which the zone's wall clock shows `day` and `minuteOfDay`. An hour that
 * comes twice means the first one; in one that is left out the clock is read as before the change (02:30 is 03:30).
 */
export function instantOf(zone: Zone, day: number, minuteOfDay: number): number {
  const wall = day * DAY_MS + minuteOfDay * 60_000;
  const earlier = zone.offsetAt(wall - DAY_MS);
  const later = zone.offsetAt(wall + DAY_MS);
  if (earlier === later || zone.offsetAt(wall - earlier) === earlier) return wall - earlier;
  return zone.offsetAt(wall - later) === later ? wall - later : wall - earlier;
}

/** Number of a civil day, 0 = 1970-01-01; throws RangeError on what is no `YYYY-MM-DD` day. */
export function parseDay(text: string): number {
  const day = Date.parse(`${text}T00:00:00Z`) / DAY_MS;
  if (!Number.isInteger(day) || formatDay(day) !== text) {
    throw new RangeError(`expected a day as YYYY-MM-DD, found ${JSON.stringify(text)}`);
  }
  return day;
}

/** A day number as `YYYY-MM-DD`. */
export function formatDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** Day of the week of a day number: 0 Monday to 6 Sunday. */
export function weekdayOf(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}

function createZone(name: string): Zone {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: name,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const days = new Map<number, DayOffsets>();
  return {
    name,
    offsetAt(timeMs) {
      const day = Math.floor(timeMs / DAY_MS);
      let offsets = days.get(day);
      if (offsets === undefined) {
        if (days.size >= CACHED_DAYS) days.clear();
        offsets = readDay(format, day);
        days.set(day, offsets);
      }
      return timeMs < offsets.changeMs ? offsets.before : offsets.after;
    },
  };
}

/** Offsets over one UTC day, with the change found by bisection; a zone changes at most once in a day. */
function readDay(format: Intl.DateTimeFormat, day: number): DayOffsets {
  let low = day * DAY_MS;
  let high = low + DAY_MS;
  const before = readOffset(format, low);
  const after = readOffset(format, high);
  if (before === after) return { before, after, changeMs: low };
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (readOffset(format, middle) === before) low = middle;
    else high = middle;
  }
  return { before, after, changeMs: high };
}

function readOffset(format: Intl.DateTimeFormat, timeMs: number): number {
  const fields = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  for (const part of format.formatToParts(timeMs)) {
    if (part.type in fields) fields[part.type as keyof typeof fields] = Number(part.value);
  }
  const wall = Date.UTC(fields.year, fields.month - 1, fields.day, fields.hour, fields.minute, fields.second);
  return wall - Math.floor(timeMs / 1_000) * 1_000;
}
