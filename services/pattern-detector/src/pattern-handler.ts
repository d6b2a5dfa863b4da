import { enriched } from "@tickfleet/contracts/enriched-messages";
import { parametersOf } from "@tickfleet/contracts/message";
import type { LanePosition, LaneUpdate } from "@tickfleet/database/checkpoint";
import type { Pool } from "@tickfleet/database/pool";
import { TIMEFRAMES, type Timeframe } from "@tickfleet/market/timeframe";
import { JUDGEMENT_BARS } from "@tickfleet/patterns/judgement-inputs";
import type { ContextLog } from "@tickfleet/runtime/context-log";
import type { EmitOutput, LaneHandler, LaneHistory } from "@tickfleet/runtime/lane-handler";
import type { InputMessage } from "@tickfleet/runtime/ordered-reader";
import { KEPT_BARS } from "./bar-series.ts";
import { type EnrichedInput, readEnrichedInput } from "./enriched-input.ts";
import { findLastInput, openHistory } from "./history-store.ts";
import type { InstrumentState } from "./instrument-state.ts";
import { LaneState, parkedKeyOf } from "./lane-state.ts";
import { LaneWriter } from "./lane-writer.ts";
import { onEnriched } from "./on-enriched.ts";
import type { PatternStore } from "./store.ts";

/** ENRICHED and CONTEXT -> patterns and signals: the handler that the consume loop drives. */
export class PatternHandler implements LaneHandler {
  readonly #store: PatternStore;
  readonly #pool: Pool;
  readonly #context: ContextLog;
  readonly #lanes = new Map<number, LaneState>();
  readonly #writer = new LaneWriter();
  #parked: { lane: number; venue: string; instrument: string }[] = [];

  constructor(store: PatternStore, pool: Pool, context: ContextLog) {
    this.#store = store;
    this.#pool = pool;
    this.#context = context;
  }

  get lanes(): ReadonlyMap<number, LaneState> {
    return this.#lanes;
  }

  async restore(lane: number): Promise<void> {
    await this.#open(lane, false);
  }

  rollBack(lane: number, _: number, to: LanePosition): Promise<void> {
    throw new Error(`expected no kept checkpoint of lane ${lane}, found one at ${to.seq}`);
  }

  async wipe(lane: number, epoch: number): Promise<void> {
    if (!(await this.#store.wipe(lane, epoch))) throw new Error(`lane ${lane} is another process's now`);
    await this.#open(lane, true);
  }

  async history(lane: number): Promise<LaneHistory | null> {
    const history = await openHistory(this.#pool, lane);
    if (history === null) await this.#open(lane, false);
    return history;
  }

  lastInput(lane: number): Promise<number | null> {
    return findLastInput(this.#pool, lane);
  }

  forget(lane: number): void {
    this.#lanes.delete(lane);
    if (this.#lanes.size > 0) return;
    this.#writer.take();
    this.#parked = [];
  }

  read(message: InputMessage): EnrichedInput {
    return readEnrichedInput(message);
  }

  needsLoad(input: unknown, lane: number): boolean {
    const read = input as EnrichedInput;
    if (read.kind !== "enriched") return false;
    const state = this.#stateOf(lane).find(read.key);
    return state === null || missingTimeframes(state, read).length > 0 || !this.#context.isReadFor(read.candle.closeTime);
  }

  async load(input: unknown, lane: number, _: InputMessage, signal: AbortSignal): Promise<void> {
    const read = input as EnrichedInput;
    if (read.kind !== "enriched") return;
    const { key, candle } = read;
    const laneState = this.#stateOf(lane);
    let state = laneState.find(key);
    if (state === null) {
      const stored = await this.#store.loadBars(key, TIMEFRAMES, null, KEPT_BARS);
      state = laneState.create(key);
      for (const [timeframe, { bars, isWhole }] of stored) state.put(timeframe, bars, isWhole);
    }
    const missing = missingTimeframes(state, read);
    if (missing.length > 0) {
      const stored = await this.#store.loadBars(key, missing, Math.max(candle.openTime, candle.closeTime), JUDGEMENT_BARS + 1);
      for (const [timeframe, { bars, isWhole }] of stored) state.put(timeframe, bars, isWhole);
    }
    if (!this.#context.isReadFor(candle.closeTime)) await this.#context.readToEnd(signal);
  }

  apply(input: unknown, lane: number, _: InputMessage, emit: EmitOutput): void {
    const read = input as EnrichedInput;
    if (read.kind !== "enriched") return;
    const laneState = this.#stateOf(lane);
    const state = laneState.find(read.key);
    if (state === null) throw new Error(`${read.key.instrument} is not loaded`);
    onEnriched(state, read, { lane: laneState, context: this.#context, writer: this.#writer, emit });
  }

  deadLettered(lane: number, message: InputMessage, kind: "invalid" | "fault"): void {
    const named = instrumentIn(message);
    if (kind !== "fault" || named === null) return;
    const state = this.#stateOf(lane);
    const key = parkedKeyOf(named.venue, named.instrument);
    if (state.parked.has(key)) return;
    state.parked.add(key);
    this.#parked.push({ lane, ...named });
  }

  isParked(lane: number, message: InputMessage): boolean {
    const { parked } = this.#stateOf(lane);
    if (parked.size === 0) return false;
    const named = instrumentIn(message);
    return named !== null && parked.has(parkedKeyOf(named.venue, named.instrument));
  }

  afterFold(): number {
    return Number.POSITIVE_INFINITY;
  }

  hasRows(): boolean {
    return this.#writer.hasRows();
  }

  commit(updates: readonly LaneUpdate[]): Promise<boolean> {
    const parked = this.#parked;
    this.#parked = [];
    return this.#store.commit(updates, this.#writer.take(), parked);
  }

  async #open(lane: number, isWhole: boolean): Promise<void> {
    const [former, parked] = await Promise.all([this.#store.formerRevisions(lane), this.#store.parked(lane)]);
    this.#lanes.set(lane, new LaneState(lane, isWhole, former, parked));
  }

  #stateOf(lane: number): LaneState {
    const state = this.#lanes.get(lane);
    if (state === undefined) throw new Error(`lane ${lane} has no state`);
    return state;
  }
}

/**
 * Timeframes of which a message of the past needs bars that are not in memory: its own, and all where it may be a candle that was
 * not there, which is judged with what stood around it at its close.
 */
function missingTimeframes(state: InstrumentState, { key, candle }: Extract<EnrichedInput, { kind: "enriched" }>): Timeframe[] {
  const { timeframe } = key;
  if (!state.isPast(timeframe, candle.openTime, candle.closeTime) && state.series(timeframe).indexOf(candle.openTime) === -1) return [];
  const series = state.series(timeframe);
  if (series.indexOf(candle.openTime) >= 0) return series.covers(candle.openTime) ? [] : [timeframe];
  return TIMEFRAMES.filter((other) => !state.series(other).covers(other === timeframe ? candle.openTime : candle.closeTime));
}

/** The instrument of an enriched candle's message; null where it is another message. */
function instrumentIn(message: InputMessage): { venue: string; instrument: string } | null {
  return parametersOf(enriched, message.subject) as { venue: string; instrument: string } | null;
}
