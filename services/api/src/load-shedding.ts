import type { StreamClient } from "./stream-client.ts";

/** Lets those go that are furthest behind, until all that wait in sockets together is within the bound. */
export function shedLoad(clients: Iterable<StreamClient>, maxBytes: number): void {
  const open = [...clients].filter((client) => client.open && client.buffered > 0);
  let total = open.reduce((sum, client) => sum + client.buffered, 0);
  if (total <= maxBytes) return;
  open.sort((a, b) => b.buffered - a.buffered);
  for (const client of open) {
    if (total <= maxBytes) return;
    total -= client.buffered;
    client.letGo("the gateway holds too much for all clients together, and you are furthest behind");
  }
}
