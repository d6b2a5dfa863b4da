import { existsSync } from "node:fs";
import { join } from "node:path";
import { SERVICE_NAMES } from "@tickfleet/contracts/message";
import { projectRoot } from "./folders.ts";

/** A service as the local fleet runs it. */
export interface FleetService {
  name: string;
  /** Port of its ops server where that is free. */
  opsPort: number;
}

/** A service's place in the chain decides its ops port. */
const FIRST_OPS_PORT = 9101;

/** The services that exist. */
export function listServices(): FleetService[] {
  return SERVICE_NAMES.map((name, place) => ({ name, opsPort: FIRST_OPS_PORT + place })).filter(({ name }) =>
    existsSync(join(projectRoot, "services", name, "src/service.ts")),
  );
}

/** Folder of a service's migrations, null where it has none. */
export function migrationsOf(service: string): string | null {
  const folder = join(projectRoot, "services", service, "migrations");
  return existsSync(folder) ? folder : null;
}

/** Variable with the password of a service's own login at the database. */
export function databasePasswordVariable(service: string): string {
  return `DATABASE_${service.toUpperCase().replaceAll("-", "_")}_PASSWORD`;
}

/** The passwords that the environment gives to services, by service. */
export function databasePasswords(services: readonly string[]): Record<string, string> {
  const given = services.map((service) => [service, process.env[databasePasswordVariable(service)] ?? ""] as const);
  return Object.fromEntries(given.filter(([, password]) => password !== ""));
}

export interface ServiceSettings {
  natsUrl: string;
  databaseUrl: string;
  opsPort: number;
  /** Null where there is no gateway. */
  apiPort: number | null;
  spoolDir: string;
  /** For what can be made again, such as the page's bundle. */
  cacheDir: string;
  demo: boolean;
}

/** Variables that every service of the fleet gets; those in the second part may be set from outside. */
export function serviceEnvironment(settings: ServiceSettings): Record<string, string> {
  return {
    NATS_URL: settings.natsUrl,
    DATABASE_URL: settings.databaseUrl,
    OPS_PORT: String(settings.opsPort),
    ...(settings.apiPort === null ? {} : { API_PORT: String(settings.apiPort) }),
    INGEST_SOURCES: sourcesOf("INGEST_SOURCES", settings.demo),
    SENTIMENT_SOURCES: sourcesOf("SENTIMENT_SOURCES", settings.demo),
    FUTURES_SOURCES: sourcesOf("FUTURES_SOURCES", settings.demo),
    INGEST_SPOOL_DIR: settings.spoolDir,
    ...fromOutside("LOG_LEVEL", "info"),
    API_CACHE_DIR: settings.cacheDir,
    ...fromOutside("API_HOST", "127.0.0.1"),
    ...fromOutside("INGEST_DEMO_SEED", "7"),
    // what is invented about the demo's markets fits their prices
    ...fromOutside("SENTIMENT_DEMO_SEED", process.env["INGEST_DEMO_SEED"] || "7"),
    ...fromOutside("FUTURES_DEMO_SEED", process.env["INGEST_DEMO_SEED"] || "7"),
    // one process of each: after a crash nobody should wait long for its lease to end
    ...fromOutside("INGEST_LEASE_MS", "5000"),
    ...fromOutside("AGGREGATOR_LEASE_MS", "5000"),
    ...fromOutside("INDICATOR_LEASE_MS", "5000"),
    ...fromOutside("PATTERN_DETECTOR_LEASE_MS", "5000"),
    ...fromOutside("SENTIMENT_LEASE_MS", "5000"),
    ...fromOutside("FUTURES_LEASE_MS", "5000"),
  };
}

/** The sources that are asked for, the demo by default, and it only where there is one. */
function sourcesOf(name: string, demo: boolean): string {
  const wished = (process.env[name] ?? "demo").split(",").map((source) => source.trim());
  return wished.filter((source) => source !== "" && (demo || source !== "demo")).join(",");
}

function fromOutside(name: string, otherwise: string): Record<string, string> {
  return { [name]: process.env[name] || otherwise };
}
