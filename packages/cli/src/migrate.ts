import { migrate } from "@tickfleet/database/migrator";
import { findDatabase } from "@tickfleet/local/fleet-location";
import { databasePasswords, listServices, migrationsOf } from "@tickfleet/local/fleet-services";
import { migrateServices } from "@tickfleet/local/streams-and-schemas";
import { type Command, CommandError, formatTable, parseCommandLine, printJson, printLine, UsageError } from "./command.ts";

const HELP = `tickfleet migrate up|down|status [SERVICE] [options]

  up        run the migrations that are open, of one service or of all, and set who may read which views. A service whose password
            DATABASE_<SERVICE>_PASSWORD names gets a login of its own with it, such as tickfleet_ingest
  down      take back the newest migration of SERVICE; what it made is gone. Stop the service before
  status    which migrations are run, and when

  --data DIR    data folder of the fleet (.tickfleet); DATABASE_URL names another database
  --json        one line of JSON`;

/** Moves the schemas of the services. */
export const migrateCommand: Command = {
  name: "migrate",
  summary: "bring the services' schemas up, one step down, or show them",
  help: HELP,
  async run(args) {
    const { values, positionals } = parseCommandLine(args, { data: { type: "string" }, json: { type: "boolean" } });
    const [direction, service, ...rest] = positionals;
    if (direction !== "up" && direction !== "down" && direction !== "status") {
      throw new UsageError(`expected up, down or status, found ${JSON.stringify(direction ?? "nothing")}`);
    }
    if (rest.length > 0) throw new UsageError(`expected one service, found ${positionals.slice(1).join(", ")}`);
    const services = servicesOf(service);
    const url = findDatabase(values.data);
    if (direction === "up") {
      const lines = await work(() => migrateServices(url, services, new AbortController().signal, databasePasswords(services)));
      if (values.json) printJson(lines);
      else for (const line of lines) printLine(line);
      return 0;
    }
    if (direction === "down" && service === undefined) throw new UsageError("down needs the service whose newest migration is taken back");
    const reports = [];
    for (const name of services) {
      const folder = migrationsOf(name);
      if (folder !== null) reports.push(await work(() => migrate({ url, service: name, folder, direction })));
    }
    if (values.json) printJson(reports);
    else if (direction === "down")
      for (const { service: name, changed } of reports) printLine(`${name}: took back ${changed[0] ?? "nothing"}`);
    else {
      const rows = reports.flatMap((report) =>
        report.migrations.map(({ name, appliedAt }) => [
          report.service,
          name,
          appliedAt === null ? "open" : new Date(appliedAt).toISOString(),
        ]),
      );
      for (const line of formatTable(rows)) printLine(line);
    }
    return 0;
  },
};

function servicesOf(service: string | undefined): string[] {
  const names = listServices().map(({ name }) => name);
  if (service === undefined) return names;
  if (!names.includes(service)) throw new UsageError(`there is no service ${JSON.stringify(service)}; expected one of ${names.join(", ")}`);
  return [service];
}

async function work<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw new CommandError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
