import { type Fault, nearest, RequestError } from "./problem.ts";
import type { ApiStore, InstrumentRow } from "./store.ts";

/** The instrument of that exact name. @throws RequestError with the name that was most likely meant */
export async function knownInstrument(store: ApiStore, venue: string, instrument: string): Promise<InstrumentRow> {
  const found = await store.findInstrument(venue, instrument);
  if (found !== null) return found;
  throw new RequestError([unknownInstrument(venue, instrument, await store.listInstruments())]);
}

/** The fault of an instrument that is not known. */
export function unknownInstrument(venue: string, instrument: string, known: readonly InstrumentRow[]): Fault {
  const venues = [...new Set(known.map((row) => row.venue))];
  const code = "unknown-instrument";
  const detail = `there is no ${instrument} at ${venue}`.slice(0, 200);
  if (!venues.includes(venue)) {
    const elsewhere = known.filter((row) => row.instrument === instrument).map((row) => row.venue);
    const meant = nearest(venue, venues) ?? elsewhere[0] ?? null;
    return { code, field: "venue", detail, fix: meant === null ? listOf("venues", venues) : `did you mean venue ${meant}?` };
  }
  const here = known.filter((row) => row.venue === venue);
  const bySymbol = here.find((row) => row.venueSymbol.toLowerCase() === instrument.toLowerCase())?.instrument;
  const names = here.map((row) => row.instrument);
  const meant = bySymbol ?? nearest(instrument, names);
  if (meant !== null) return { code, field: "instrument", detail, fix: `did you mean ${meant}?` };
  return { code, field: "instrument", detail, fix: listOf(`instruments of ${venue}`, names) };
}

function listOf(what: string, names: readonly string[]): string {
  if (names.length === 0) return `there are no ${what} yet: start a source, or replay a file`;
  const shown = names.slice(0, 10).join(", ");
  return `the ${what} are ${shown}${names.length > 10 ? ", ...: see /api/v1/instruments" : ""}`;
}
