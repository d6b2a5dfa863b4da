import { setTimeout as sleep } from "node:timers/promises";
import type { Instrument } from "@tickfleet/market/instrument";
import type { Logger } from "@tickfleet/runtime/logger";
import { type BinanceFeed, groupInstruments, openBinanceFeed } from "@tickfleet/venues/binance/feed";
import { type BinanceRest, createBinanceRest } from "@tickfleet/venues/binance/rest";
import { BinanceRestError } from "@tickfleet/venues/binance/rest-client";
import type { RawTrade, SourceEvent } from "@tickfleet/venues/source";
import type { RefillRequest } from "./gap-tracker.ts";
import { Intake } from "./intake.ts";
import type { IntakeState } from "./intake-state.ts";
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

const VENUE = "binance";
const FLUSH_MS = 5;
const SECOND_MS = 1_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const FIRST_BACKOFF_MS = 200;
const FIRST_REFILL_WAIT_MS = 1_000;

/** Runs the live connections of Binance's spot market until the signal. */
export async function runBinance(options: BinanceOptions): Promise<void> {
  const { signal, logger } = options;
  const rest = createBinanceRest({
    ...(options.restUrl === undefined ? {} : { baseUrl: options.restUrl }),
    ...(options.apiKey === undefined ? {} : { apiKey: options.apiKey }),
  });
  const instruments = await listInstruments(rest, options);
  const offsetUs = await rest.measureOffset(signal).catch((error: unknown) => {
    logger.warn({ err: error }, "the venue's clock could not be measured; its messages will tell");
    return null;
  });
  await Promise.all(groupInstruments(instruments).map((group, i) => runConnection(options, rest, group, `${VENUE}-${i + 1}`, offsetUs)));
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

async function runConnection(
  options: BinanceOptions,
  rest: BinanceRest,
  instruments: readonly Instrument[],
  connection: string,
  offsetUs: number | null,
): Promise<void> {
  const { spool, signal, logger } = options;
  const key = `${VENUE}:${connection}`;
  let index = spool.sourceState(key)?.lastIndex ?? 0;
  let flushTimer: NodeJS.Timeout | undefined;
  let dirty = false;
  const intake = new Intake({
    venue: VENUE,
    connection,
    nowUs: () => Date.now() * 1000,
    venueNowUs: () => Date.now() * 1000 - (feed.offsetUs() ?? 0),
    sink: {
      message: (message) => {
        index += 1;
        dirty = true;
        spool.append(key, index, message);
      },
      quality: (row) => options.quality.add({ ...row, source: key, key: null }),
      refill: (request) => void refill(request),
    },
  });
  const asked = new Map<string, RefillRequest>();
  const kept = spool.sourceState(key);
  if (kept !== null) intake.restore(JSON.parse(kept.state) as IntakeState, true);
  keep();

  const open = (): BinanceFeed =>
    openBinanceFeed({
      instruments,
      connection,
      onEvent,
      onNotice: (notice) => logger.warn({ connection }, notice),
      streamUrl: options.streamUrl,
      ...(offsetUs === null ? {} : { offsetUs }),
      livenessMs: options.livenessMs,
      backoffFirstMs: FIRST_BACKOFF_MS,
      backoffMaxMs: options.reconnectMs,
    });
  let feed = open();
  while (!signal.aborted) {
    await sleep(SECOND_MS, undefined, { signal }).catch(() => undefined);
    options.onConnected(connection, feed.connected());
    if (intake.life === "down") onEvent({ kind: "time", timeUs: Date.now() * 1000 - (feed.offsetUs() ?? 0) });
    if (spool.full) {
      logger.error({ connection }, "the spool is full: the connection is closed until there is room, then the gap is filled");
      await feed.close();
      await spool.room();
      if (!signal.aborted) feed = open();
    }
  }
  await feed.close();
  clearTimeout(flushTimer);
  intake.flush();
  keep();
  spool.commit();

  function onEvent(event: SourceEvent): void {
    intake.handle(event);
    if (event.kind === "trade") {
      flushTimer ??= setTimeout(flush, FLUSH_MS);
      return;
    }
    // State goes with the clock, status and gap messages that it explains.
    if (dirty && event.kind !== "quote") keep();
    if (dirty) commit();
  }

  function flush(): void {
    flushTimer = undefined;
    intake.flush();
    commit();
  }

  function commit(): void {
    dirty = false;
    spool.commit();
  }

  function keep(): void {
    spool.keepState(key, 0, index, JSON.stringify(intake.snapshot()));
  }

  /** Asks until there is an answer, or nobody waits for one any more. */
  async function refill(request: RefillRequest): Promise<void> {
    const { gapId, instrument: name } = request;
    const isAsked = asked.has(gapId);
    asked.set(gapId, request);
    if (isAsked) return;
    const instrument = instruments.find((each) => each.instrument === name) as Instrument;
    for (let waitMs = FIRST_REFILL_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      const latest = asked.get(gapId) as RefillRequest;
      const answer = await answerTo(rest, latest, instrument, signal);
      if (signal.aborted) return;
      logger[answer.complete ? "info" : "warn"]({ gap: gapId, reached: answer.reached }, "answer to a gap");
      if (answer.mayPass && latest.isAwaited()) {
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
        continue;
      }
      // What was asked meanwhile may reach further.
      if (asked.get(gapId) !== latest && latest.isAwaited()) continue;
      asked.delete(gapId);
      intake.answerRefill(name, gapId, answer.trades, answer.complete);
      keep();
      commit();
      return;
    }
  }
}

interface RefillAnswer {
  trades: RawTrade[];
  complete: boolean;
  /** How far it reaches, in words. */
  reached: string;
  /** There was no answer, and there may be one later. */
  mayPass: boolean;
}

async function answerTo(rest: BinanceRest, request: RefillRequest, instrument: Instrument, signal: AbortSignal): Promise<RefillAnswer> {
  const { firstId, lastId } = request;
  if (firstId === null) return { trades: [], complete: false, reached: "no id is known to ask from", mayPass: false };
  try {
    return { ...(await rest.fillGap(instrument, firstId, lastId, signal)), mayPass: false };
  } catch (error) {
    const mayPass = error instanceof BinanceRestError && isPassing(error.status);
    return { trades: [], complete: false, reached: (error as Error).message, mayPass };
  }
}

/** No answer, a fault of the venue and a rate limit pass; a refusal does not. */
function isPassing(status: number): boolean {
  return status === 0 || status >= 500 || status === 429 || status === 418;
}
