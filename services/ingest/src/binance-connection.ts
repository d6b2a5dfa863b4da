import { setTimeout as sleep } from "node:timers/promises";
import type { Instrument } from "@tickfleet/market/instrument";
import { type BinanceFeed, openBinanceFeed } from "@tickfleet/venues/binance/feed";
import type { BinanceRest } from "@tickfleet/venues/binance/rest";
import type { SourceEvent } from "@tickfleet/venues/source";
import type { BinanceOptions } from "./binance.ts";
import { GapRefill } from "./gap-refill.ts";
import { Intake } from "./intake.ts";
import type { IntakeState } from "./intake-state.ts";

export const BINANCE = "binance";
const FLUSH_MS = 5;
const SECOND_MS = 1_000;
const FIRST_BACKOFF_MS = 200;

/** One connection of Binance in MARKET, also while there is none to the venue. */
export interface BinanceConnection {
  /** Keeps the connection to the venue open until the signal. */
  run(instruments: readonly Instrument[], offsetUs: number | null): Promise<void>;
  /** Sends what is open on its way, and keeps the state; the last call. */
  close(): void;
}

/** Takes a connection up where its kept state ends: what was live is told to be down, once a second, until the venue is there. */
export function openBinanceConnection(options: BinanceOptions, rest: BinanceRest, connection: string): BinanceConnection {
  const { spool, signal, logger } = options;
  const key = connectionKey(connection);
  const kept = spool.sourceState(key);
  let index = kept?.lastIndex ?? 0;
  let flushTimer: NodeJS.Timeout | undefined;
  let dirty = false;
  /** Instruments that had a trade; the first id of each is kept at once, or a death before the next clock leaves none to ask from. */
  const traded = new Set<string>();
  let hasFirst = false;
  let feed: BinanceFeed | null = null;
  let listed: readonly Instrument[] = [];
  const intake = new Intake({
    venue: BINANCE,
    connection,
    nowUs: () => Date.now() * 1000,
    venueNowUs: () => Date.now() * 1000 - (feed?.offsetUs() ?? 0),
    sink: {
      message: (message) => {
        index += 1;
        dirty = true;
        spool.append(key, index, message);
      },
      quality: (row) => options.quality.add({ ...row, source: key, key: null }),
      refill: (request) => {
        const instrument = listed.find((each) => each.instrument === request.instrument);
        if (instrument !== undefined) void gaps.fill(request, instrument);
      },
    },
  });
  const gaps = new GapRefill({
    rest,
    logger,
    signal,
    onAnswer: (instrument, gapId, trades, complete) => {
      intake.answerRefill(instrument, gapId, trades, complete);
      keep();
      commit();
    },
  });
  const state = kept === null ? null : (JSON.parse(kept.state) as IntakeState);
  if (state !== null) intake.restore(state, true);
  keep();
  if (intake.life === "live") onEvent({ kind: "down", timeUs: intake.clockUs, reason: "restarted" });
  const venueNowUs = createVenueNow(state, () => feed?.offsetUs() ?? null);
  const timer = setInterval(() => {
    options.onConnected(connection, feed?.connected() ?? false);
    if (intake.life === "down") onEvent({ kind: "time", timeUs: venueNowUs() });
  }, SECOND_MS);

  return { run, close };

  async function run(instruments: readonly Instrument[], offsetUs: number | null): Promise<void> {
    listed = instruments;
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
    feed = open();
    while (!signal.aborted) {
      await sleep(SECOND_MS, undefined, { signal }).catch(() => undefined);
      if (spool.full) {
        logger.error({ connection }, "the spool is full: the connection is closed until there is room, then the gap is filled");
        await feed.close();
        await spool.room(signal);
        if (!signal.aborted) feed = open();
      }
    }
    await feed.close();
  }

  function close(): void {
    clearInterval(timer);
    clearTimeout(flushTimer);
    intake.flush();
    keep();
    spool.commit();
  }

  function onEvent(event: SourceEvent): void {
    intake.handle(event);
    if (event.kind === "trade") {
      hasFirst ||= !traded.has(event.trade.instrument);
      if (hasFirst) traded.add(event.trade.instrument);
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
    if (hasFirst) keep();
    hasFirst = false;
    commit();
  }

  function commit(): void {
    dirty = false;
    spool.commit();
  }

  function keep(): void {
    spool.keepState(key, 0, index, JSON.stringify(intake.snapshot()));
  }
}

/** Name of a connection's state in the spool. */
export function connectionKey(connection: string): string {
  return `${BINANCE}:${connection}`;
}

/**
 * Venue time in microseconds; where the offset is not known yet, what was told last and the time since the start. That is never
 * ahead of the venue: a second that was told too early would keep the true one from being told.
 */
function createVenueNow(state: IntakeState | null, offsetUs: () => number | null): () => number {
  const toldUs = state === null ? Date.now() * 1000 : Math.max(state.clockUs, state.toldSecond * 1_000_000);
  const startMs = performance.now();
  return () => {
    const offset = offsetUs();
    return offset === null ? toldUs + (performance.now() - startMs) * 1000 : Date.now() * 1000 - offset;
  };
}
