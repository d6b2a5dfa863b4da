/** Measures are kept for two spans of this length, so that the offset follows a drifting clock. */
const SPAN_MS = 600_000;
/** A stamp so far ahead of what is known counts only when several in a row agree: one wrong stamp must not move the clock. */
const SUSPECT_US = 5_000_000;
const SUSPECTS = 5;

/**
 * Venue time as seen from here: local time minus the smallest difference between receipt and venue time of the last
 * minutes (or a difference measured otherwise, until messages tell). Times are epoch microseconds.
 */
export function createVenueClock(measuredUs: number | null): VenueClock {
  let current = Number.POSITIVE_INFINITY;
  let previous = Number.POSITIVE_INFINITY;
  let spanEndsMs = 0;
  let last = 0;
  let suspects = 0;

  function offsetUs(): number | null {
    const least = Math.min(current, previous);
    return Number.isFinite(least) ? least : measuredUs;
  }

  function now(): number {
    return Date.now() * 1000 - (offsetUs() ?? 0);
  }

  return {
    observe(receivedUs, venueUs) {
      const known = offsetUs();
      suspects = known !== null && receivedUs - venueUs < known - SUSPECT_US ? suspects + 1 : 0;
      if (suspects > 0 && suspects < SUSPECTS) return;
      if (receivedUs / 1000 >= spanEndsMs) {
        previous = current;
        current = Number.POSITIVE_INFINITY;
        spanEndsMs = receivedUs / 1000 + SPAN_MS;
      }
      current = Math.min(current, receivedUs - venueUs);
    },
    offsetUs,
    now,
    advance(timeUs = now()) {
      last = Math.max(last, timeUs);
      return last;
    },
    last: () => (last === 0 ? now() : last),
  };
}

export interface VenueClock {
  /** A message that was received at one time and stamped by the venue at another. */
  observe(receivedUs: number, venueUs: number): void;
  /** Local minus venue time, null until known. */
  offsetUs(): number | null;
  now(): number;
  /** Moves to a time, by default the present; gives that, never earlier than an earlier call's. */
  advance(timeUs?: number): number;
  /** What `advance` gave last. */
  last(): number;
}
