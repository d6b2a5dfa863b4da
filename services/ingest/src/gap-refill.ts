import { setTimeout as sleep } from "node:timers/promises";
import type { Instrument } from "@tickfleet/market/instrument";
import type { Logger } from "@tickfleet/runtime/logger";
import type { BinanceRest } from "@tickfleet/venues/binance/rest";
import { isPassing } from "@tickfleet/venues/json-client";
import type { RawTrade } from "@tickfleet/venues/source";
import type { RefillRequest } from "./gap-tracker.ts";

export interface GapRefillOptions {
  rest: Pick<BinanceRest, "fillGap">;
  logger: Pick<Logger, "info" | "warn">;
  signal: AbortSignal;
  /** Takes what came of a gap, ascending by id. */
  onAnswer: (instrument: string, gapId: string, trades: readonly RawTrade[], complete: boolean) => void;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** What came of a gap is handed over after so long, though more might come: a little later the gap is given up (gap-tracker.ts). */
const HAND_OVER_MS = 540_000;

/** Asks REST for the trades of gaps: again while a fault may pass, each time from the first one that is missing. */
export class GapRefill {
  readonly #options: GapRefillOptions;
  /** The newest request of each gap in work. */
  readonly #asked = new Map<string, RefillRequest>();

  constructor(options: GapRefillOptions) {
    this.#options = options;
  }

  /** Resolves when the gap was answered, or nobody waits for an answer any more. */
  async fill(request: RefillRequest, instrument: Instrument): Promise<void> {
    const { logger, signal, onAnswer } = this.#options;
    const { gapId } = request;
    const isAsked = this.#asked.has(gapId);
    this.#asked.set(gapId, request);
    if (isAsked) return;
    const found = new Map<number, RawTrade>();
    const handOverMs = performance.now() + HAND_OVER_MS;
    for (let waitMs = FIRST_WAIT_MS; ; ) {
      const latest = this.#asked.get(gapId) as RefillRequest;
      const answer = await this.#ask(latest, instrument, found);
      if (signal.aborted) return;
      for (const trade of answer.trades) found.set(trade.sourceSeq, trade);
      logger[answer.complete ? "info" : "warn"]({ gap: gapId, reached: answer.reached }, "answer to a gap");
      const isLate = found.size > 0 && performance.now() > handOverMs;
      if (answer.mayPass && latest.isAwaited() && !isLate) {
        if (answer.trades.length > 0) waitMs = FIRST_WAIT_MS;
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
        waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
        continue;
      }
      // What was asked meanwhile may reach further.
      if (this.#asked.get(gapId) !== latest && latest.isAwaited() && !isLate) continue;
      this.#asked.delete(gapId);
      const trades = [...found.values()].sort((a, b) => a.sourceSeq - b.sourceSeq);
      onAnswer(request.instrument, gapId, trades, answer.complete);
      return;
    }
  }

  async #ask(request: RefillRequest, instrument: Instrument, found: ReadonlyMap<number, RawTrade>): ReturnType<BinanceRest["fillGap"]> {
    if (request.firstId === null) return { trades: [], complete: false, reached: "no id is known to ask from", mayPass: false };
    let fromId = request.firstId;
    while (found.has(fromId)) fromId += 1;
    try {
      return await this.#options.rest.fillGap(instrument, fromId, request.lastId, this.#options.signal);
    } catch (error) {
      return { trades: [], complete: false, reached: (error as Error).message, mayPass: isPassing(error) };
    }
  }
}
