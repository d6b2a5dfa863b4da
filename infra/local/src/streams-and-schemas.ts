import { streams } from "@tickfleet/contracts/registry";
import { viewGrants } from "@tickfleet/contracts/view-grants";
import { allowLogin } from "@tickfleet/database/logins";
import { migrate } from "@tickfleet/database/migrator";
import { type Bus, openBus, StreamMissingError } from "@tickfleet/runtime/bus";
import { provisionStreams } from "@tickfleet/runtime/provision";
import { migrationsOf } from "./fleet-services.ts";

const LOOK_EVERY_MS = 5_000;

/** Keeps the streams there until it is closed. */
export interface StreamKeeper {
  /** Names of the streams that had to be made at first. */
  made: string[];
  close(): Promise<void>;
}

/** Makes the streams, and again those that vanish later, which is told. */
export async function keepStreams(natsUrl: string, onMade: (streams: string[]) => void): Promise<StreamKeeper> {
  const bus = await openBus({ url: natsUrl, name: "local" });
  const made = await provisionStreams(bus);
  let looking = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(() => lookAgain(bus, onMade));
  }, LOOK_EVERY_MS);
  return {
    made,
    async close() {
      clearInterval(timer);
      await Promise.race([bus.close().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
    },
  };
}

async function lookAgain(bus: Bus, onMade: (streams: string[]) => void): Promise<void> {
  try {
    for (const { name } of streams) await bus.streamPosition(name);
  } catch (error) {
    if (!(error instanceof StreamMissingError)) return;
    const made = await provisionStreams(bus).catch(() => []);
    if (made.length > 0) onMade(made);
  }
}

/**
 * Brings every service's schema up and lets the others read its views; one line per service.
 * @param passwords of services that get a login of their own, by service
 */
export async function migrateServices(
  databaseUrl: string,
  services: readonly string[],
  signal: AbortSignal,
  passwords: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const lines: string[] = [];
  for (const service of services) {
    const folder = migrationsOf(service);
    if (folder === null) continue;
    signal.throwIfAborted();
    const own = `${service.replaceAll("-", "_")}.`;
    const grants = viewGrants.map(({ reader, views }) => ({ reader, views: views.filter((view) => view.startsWith(own)) }));
    const { changed, migrations } = await migrate({ url: databaseUrl, service, folder, grants, signal });
    const password = passwords[service];
    if (password !== undefined) await allowLogin(databaseUrl, service, password);
    lines.push(`${service} ${changed.length === 0 ? "up to date" : `${changed.length} of ${migrations.length} run`}`);
  }
  return lines;
}
