import { z } from "zod";

const GIB = 1024 ** 3;
const SOURCES = ["demo", "binance"] as const;

/** Entries of a comma-separated list. */
function entriesOf(text: string): string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

/** Variables that ingest adds to the shared ones. */
export const ingestConfig = {
  INGEST_SOURCES: z
    .string()
    .transform(entriesOf)
    .pipe(z.array(z.enum(SOURCES)))
    .prefault("")
    .describe("sources that run from the start, separated by commas: demo, binance; replays run on demand"),
  INGEST_SPOOL_DIR: z.string().min(1).default(".tickfleet/spool").describe("folder of the spool, on a disk that outlives the process"),
  INGEST_SPOOL_BYTES: z.coerce
    .number()
    .int()
    .min(32 * 1024 * 1024)
    .default(GIB / 2)
    .describe("most bytes of the spool; when they are full the sources pause"),
  INGEST_LEASE_MS: z.coerce
    .number()
    .int()
    .min(1_000)
    .max(120_000)
    .default(10_000)
    .describe("time after which a dead process's right to write is taken over, milliseconds"),
  INGEST_DEMO_SEED: z.coerce.number().int().min(0).default(7).describe("seed of the demo: the same seed is the same market"),
  INGEST_DEMO_START_MS: z.coerce
    .number()
    .int()
    .positive()
    .optional()
    .describe("start of the demo, epoch milliseconds; by default 26 hours before its first run"),
  INGEST_DEMO_END_MS: z.coerce.number().int().positive().optional().describe("end of the demo, epoch milliseconds; by default it goes on"),
  INGEST_BINANCE_INSTRUMENTS: z
    .string()
    .transform(entriesOf)
    .prefault("BTC-USDT,ETH-USDT")
    .describe("instruments of source binance, separated by commas"),
  INGEST_BINANCE_WS_URL: z
    .url({ protocol: /^wss?$/ })
    .optional()
    .describe("address of the streams in place of Binance's own"),
  INGEST_BINANCE_REST_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("address of the REST interface in place of Binance's own"),
  INGEST_BINANCE_KEY: z.string().min(1).optional().describe("API key, for trades older than the last thousand"),
  INGEST_BINANCE_LIVENESS_MS: z.coerce
    .number()
    .int()
    .min(100)
    .default(60_000)
    .describe("a connection silent for so long is given up, milliseconds"),
  INGEST_BINANCE_RECONNECT_MS: z.coerce
    .number()
    .int()
    .min(200)
    .default(30_000)
    .describe("longest wait before a lost connection is opened again, milliseconds"),
};
