import { createClient } from "@tickfleet/client/client";
import { type Channel, channelParameters } from "@tickfleet/contracts/channel";
import { FleetStatusStore } from "@tickfleet/database/fleet-status";
import type { FleetLocation } from "@tickfleet/local/fleet-location";

interface Named {
  venue: string;
  instrument: string;
}

const MOST_NAMES = 20;

/** What to tell somebody to whom nothing came: channels that no instrument on record is on, and the instruments that there are. */
export function describeSilence(channels: readonly Channel[], instruments: readonly Named[]): string {
  const misses = channels.filter((channel) => {
    const { venue, instrument } = channelParameters(channel);
    return instrument !== undefined && !instruments.some((each) => each.instrument === instrument && (venue ?? each.venue) === each.venue);
  });
  const names = instruments.slice(0, MOST_NAMES).map(({ venue, instrument }) => `${venue}:${instrument}`);
  const more = instruments.length - names.length;
  return [
    "nothing came yet",
    ...(misses.length === 0 ? [] : [`no instrument on record is on ${misses.map(({ text }) => text).join(", ")}`]),
    names.length === 0 ? "no instrument is on record" : `on record are ${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`,
  ].join("; ");
}

/** Instruments on record, from the database or else the gateway, whichever is known; null where neither is. */
export async function listInstruments({ database, api }: FleetLocation): Promise<Named[] | null> {
  if (database !== null) {
    const store = FleetStatusStore.open(database);
    try {
      return await store.instruments();
    } finally {
      await store.close();
    }
  }
  if (api === null) return null;
  const found: Named[] = [];
  for await (const each of createClient({ url: api }).list<Named>("instruments", {})) found.push(each);
  return found;
}
