import { validFromOf } from "@tickfleet/market/context-validity";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import type { PollTurn } from "@tickfleet/runtime/poll";
import { RestError } from "@tickfleet/venues/json-client";
import type { PerpetualSource } from "@tickfleet/venues/perpetual";
import { computeLeverage } from "./leverage.ts";
import type { FuturesStore } from "./store.ts";

/** Time that storing and publishing may take; a snapshot that takes longer is published only while it is early enough. */
const PUBLISH_WITHIN_MS = 2_000;
/** Paid fundings are asked for so long after their time: venues list them a little late. */
const SETTLED_AFTER_MS = 60_000;
const SETTLED_EVERY_MS = 3_600_000;
const SOURCE_TIMEOUT_MS = 20_000;

/** When to ask next for fundings that were paid, by venue and instrument, epoch milliseconds. */
export type SettledPlan = Map<string, number>;

/** Reads one perpetual and stores it. @returns null, or why the source gave nothing */
export async function onPerpetualPoll(
  source: PerpetualSource,
  instrument: string,
  store: FuturesStore,
  settled: SettledPlan,
  turn: PollTurn,
): Promise<string | null> {
  const signal = AbortSignal.any([turn.signal, AbortSignal.timeout(SOURCE_TIMEOUT_MS)]);
  const key = `${source.venue}:${instrument}`;
  const state = await unlessRefused(turn.signal, signal, () => source.readState(instrument, signal));
  if (typeof state === "string") return state;
  const receivedMs = Date.now();
  await store.insertState(turn.lease, state, computeLeverage(state), receivedMs, validFromOf(receivedMs + PUBLISH_WITHIN_MS));
  if ((settled.get(key) ?? 0) > receivedMs) return null;
  const fundings = await unlessRefused(turn.signal, signal, () => source.readSettled(instrument, signal));
  if (typeof fundings === "string") return fundings;
  await store.insertSettled(turn.lease, fundings);
  const next = state.nextFundingTime === null ? Number.POSITIVE_INFINITY : state.nextFundingTime + SETTLED_AFTER_MS;
  settled.set(key, Math.min(next, receivedMs + SETTLED_EVERY_MS));
  return null;
}

/** What a source gives, or why it does not: that a source is away, or speaks nonsense, is no error of this service. */
async function unlessRefused<T>(turn: AbortSignal, limit: AbortSignal, read: () => Promise<T>): Promise<T | string> {
  try {
    return await read();
  } catch (error) {
    turn.throwIfAborted();
    const isSources = error instanceof RestError || error instanceof InvalidMessageError || limit.aborted;
    if (!isSources) throw error;
    return (error as Error).message;
  }
}
