import { type Fault, nearest, RequestError } from "./problem.ts";
import type { ApiStore, InstrumentRow } from "./store.ts";

/** The instrument of that exact name. @throws RequestError with the name that was most likely meant */
export async function knownInstrument(store: ApiStore, venue: string, instrument: string): Promise<InstrumentRow> {
  const found = await store.findInstrument(venue, instrument);
  if (found !== null) return found;
  throw new RequestError([unknownInstrument(venue, instrument, await store.listInstruments())]);
}

/** The fault of an instrument that is not known; the fix names the venue and the instrument that were most likely meant. */
export function unknownInstrument(venue: string, asked: string, known: readonly InstrumentRow[]): Fault {
  const venues = [...new Set(known.map((row) => row.venue))];
  const code = "unknown-instrument";
  const instrument = asked.startsWith(`${venue}:`) ? asked.slice(venue.length + 1) : asked;
  const detail = `there is no ${asked} at ${venue}`.slice(0, 200);
  if (!venues.includes(venue)) {
    const elsewhere = known.filter((row) => row.instrument === instrument).map((row) => row.venue);
    const meant = nearest(venue, venues) ?? elsewhere[0] ?? null;
    if (meant === null) return { code, field: "venue", detail, fix: listOf("venues", venues) };
    const name = meantInstrument(meant, instrument, known);
    const more = name === null || name === instrument ? "" : ` and instrument ${name}`;
    return { code, field: "venue", detail, fix: `did you mean venue ${meant}${more}?` };
  }
  const meant = meantInstrument(venue, instrument, known);
  if (meant !== null) return { code, field: "instrument", detail, fix: `did you mean ${meant}?` };
  const names = known.filter((row) => row.venue === venue).map((row) => row.instrument);
  return { code, field: "instrument", detail, fix: listOf(`instruments of ${venue}`, names) };
}

function meantInstrument(venue: string, instrument: string, known: readonly InstrumentRow[]): string | null {
  const here = known.filter((row) => row.venue === venue);
  const bySymbol = here.find((row) => row.venueSymbol.toLowerCase() === instrument.toLowerCase())?.instrument;
  return (
    bySymbol ??
    nearest(
      instrument,
      here.map((row) => row.instrument),
    )
  );
}

/** @throws RequestError where the venue is not known and a known one is near it */
export function checkVenue(venue: string, known: readonly InstrumentRow[]): void {
  const venues = [...new Set(known.map((row) => row.venue))];
  const meant = venues.includes(venue) ? null : nearest(venue, venues);
  if (meant === null) return;
  const detail = `there is no venue ${JSON.stringify(venue.slice(0, 64))}`;
  throw new RequestError([{ code: "unknown-instrument", field: "venue", detail, fix: `did you mean venue ${meant}?` }]);
}

function listOf(what: string, names: readonly string[]): string {
  if (names.length === 0) return `there are no ${what} yet: start a source, or replay a file`;
  const shown = names.slice(0, 10).join(", ");
  return `the ${what} are ${shown}${names.length > 10 ? ", ...: see /api/v1/instruments" : ""}`;
}
