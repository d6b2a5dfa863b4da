import { isSchedule } from "@tickfleet/runtime/poll";
import { z } from "zod";

/** Entries of a comma-separated list. */
function entriesOf(text: string): string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

/** Variables that the futures collector adds to the shared ones. */
export const futuresConfig = {
  FUTURES_SOURCES: z
    .string()
    .transform(entriesOf)
    .pipe(z.array(z.enum(["demo", "binance-usdm"])))
    .prefault("")
    .describe("where perpetuals are read, separated by commas: binance-usdm (no key), demo (invented)"),
  FUTURES_BINANCE_INSTRUMENTS: z
    .string()
    .transform(entriesOf)
    .pipe(z.array(z.string().regex(/^[A-Z0-9]+-[A-Z0-9]+-PERP$/, "expected perpetuals such as BTC-USDT-PERP")).max(100))
    .prefault("BTC-USDT-PERP,ETH-USDT-PERP")
    .describe("perpetuals of source binance-usdm, canonical names separated by commas"),
  FUTURES_BINANCE_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("address of the USD-M interface in place of Binance's own"),
  FUTURES_SCHEDULE: z
    .string()
    .refine(isSchedule, "expected a cron pattern such as */30 * * * * *")
    .default("*/30 * * * * *")
    .describe("when sources are read: cron pattern in UTC, with seconds"),
  FUTURES_LEASE_MS: z.coerce
    .number()
    .int()
    .min(1_000)
    .max(120_000)
    .default(10_000)
    .describe("time after which a dead process's work is taken over, milliseconds"),
  FUTURES_DEMO_SEED: z.coerce.number().int().min(0).default(7).describe("seed of the demo: the same seed as ingest's fits its market"),
};
