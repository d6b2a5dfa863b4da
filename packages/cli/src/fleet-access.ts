import { type FleetLocation, findFleet } from "@tickfleet/local/fleet-location";
import { type Bus, openBus } from "@tickfleet/runtime/bus";
import { hidePassword } from "@tickfleet/runtime/config";
import { CommandError } from "./command.ts";

const CONNECT_MS = 5_000;

/**
 * Connects to the fleet's broker.
 * @param name of the connection and its inbox, which the broker's user of this name may listen to
 * @throws CommandError where it cannot be reached
 */
export async function connectBus({ nats, natsUser, natsPassword }: FleetLocation, name = "operator"): Promise<Bus> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const text = `no broker answers at ${hidePassword(nats)}: is the fleet running? \`npm start\` starts one here.`;
    timer = setTimeout(() => reject(new CommandError(text)), CONNECT_MS);
  });
  const bus = openBus({ url: nats, name, user: natsUser, password: natsPassword });
  bus.catch(() => undefined);
  try {
    return await Promise.race([bus, late]);
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(`the broker at ${hidePassword(nats)} refuses: ${(cause as Error).message}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** The fleet and a connection to its broker, for as long as the action takes. */
export async function withBus<T>(
  dataDir: string | undefined,
  act: (bus: Bus, fleet: FleetLocation) => Promise<T>,
  name?: string,
): Promise<T> {
  const fleet = findFleet(dataDir);
  const bus = await connectBus(fleet, name);
  try {
    return await act(bus, fleet);
  } finally {
    await bus.close().catch(() => undefined);
  }
}

/** Address of the database. @throws CommandError where it is not known */
export function databaseOf(fleet: FleetLocation): string {
  if (fleet.database !== null) return fleet.database;
  throw new CommandError("NATS_URL is set and DATABASE_URL is not: set it to postgres://user:password@host:port/database");
}
