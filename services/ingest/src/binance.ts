import { setTimeout as sleep } from "node:timers/promises";
import type { Instrument } from "@tickfleet/market/instrument";
import type { Logger } from "@tickfleet/runtime/logger";
import { groupInstruments } from "@tickfleet/venues/binance/feed";
import { type BinanceRest, createBinanceRest } from "@tickfleet/venues/binance/rest";
import { BINANCE, type BinanceConnection, connectionKey, openBinanceConnection } from "./binance-connection.ts";
import type { QualityLog } from "./quality-log.ts";
import type { Spool } from "./spool.ts";

export interface BinanceOptions {
  spool: Spool;
  quality: QualityLog;
  logger: Logger;
  signal: AbortSignal;
  /** Canonical names. */
  instruments: readonly string[];
  streamUrl: string | undefined;
  restUrl: string | undefined;
  apiKey: string | undefined;
  /** After so long without any frame a connection is given up. */
  livenessMs: number;
  /** Longest wait before a lost connection is opened again. */
  reconnectMs: number;
  onConnected: (connection: string, connected: boolean) => void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** Runs the live connections of Binance's spot market until the signal. */
export async function runBinance(options: BinanceOptions): Promise<void> {
  const rest = createBinanceRest({
    ...(options.restUrl === undefined ? {} : { baseUrl: options.restUrl }),
    ...(options.apiKey === undefined ? {} : { apiKey: options.apiKey }),
  });
  const opened = new Map<string, BinanceConnection>();
  const open = (name: string): BinanceConnection => {
    const connection = opened.get(name) ?? openBinanceConnection(options, rest, name);
    opened.set(name, connection);
    return connection;
  };
  try {
    // Connections of an earlier process are told to be down while the venue is away and lists nothing.
    for (const name of keptConnections(options.spool)) open(name);
    await runConnections(options, rest, opened, open);
  } finally {
    for (const connection of opened.values()) connection.close();
  }
}

async function runConnections(
  options: BinanceOptions,
  rest: BinanceRest,
  opened: Map<string, BinanceConnection>,
  open: (name: string) => BinanceConnection,
): Promise<void> {
  const instruments = await listInstruments(rest, options);
  const offsetUs = await rest.measureOffset(options.signal).catch((error: unknown) => {
    options.logger.warn({ err: error }, "the venue's clock could not be measured; its messages will tell");
    return null;
  });
  if (options.signal.aborted) return;
  const groups = new Map(groupInstruments(instruments).map((group, i) => [`${BINANCE}-${i + 1}`, group]));
  for (const [name, connection] of opened) {
    if (groups.has(name)) continue;
    connection.close();
    opened.delete(name);
  }
  await Promise.all([...groups].map(([name, group]) => open(name).run(group, offsetUs)));
}

function keptConnections(spool: Spool): string[] {
  const prefix = connectionKey("");
  return spool
    .sources()
    .filter((source) => source.startsWith(prefix))
    .map((source) => source.slice(prefix.length));
}

async function listInstruments(rest: BinanceRest, options: BinanceOptions): Promise<Instrument[]> {
  for (let waitMs = FIRST_WAIT_MS; !options.signal.aborted; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    try {
      return await rest.listInstruments(options.instruments, options.signal);
    } catch (error) {
      if (error instanceof RangeError) throw error;
      options.logger.warn({ err: error, waitMs }, "Binance does not list its instruments; trying again");
      await sleep(waitMs, undefined, { signal: options.signal }).catch(() => undefined);
    }
  }
  return [];
}
