import { candle as candleMessage } from "@tickfleet/contracts/candle-messages";
import { parametersOf } from "@tickfleet/contracts/message";
import type { LanePosition, LaneUpdate } from "@tickfleet/database/checkpoint";
import type { Pool } from "@tickfleet/database/pool";
import type { Candle } from "@tickfleet/market/candle";
import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import type { EmitOutput, LaneHandler, LaneHistory } from "@tickfleet/runtime/lane-handler";
import type { InputMessage } from "@tickfleet/runtime/ordered-reader";
import { type CandleInput, readCandleInput } from "./candle-input.ts";
import { findLastInput, openHistory } from "./history-store.ts";
import { IndicatorSeries } from "./indicator-series.ts";
import { instrumentKeyOf, LaneState } from "./lane-state.ts";
import { LaneWriter } from "./lane-writer.ts";
import { isRevision, onCandle } from "./on-candle.ts";
import type { LoadedRows } from "./revise.ts";
import type { EnrichedStore } from "./store.ts";

/** CANDLES -> enriched candles: the handler that the consume loop drives. */
export class EnrichedHandler implements LaneHandler {
  readonly #store: EnrichedStore;
  readonly #pool: Pool;
  readonly #lanes = new Map<number, LaneState>();
  readonly #writer = new LaneWriter();
  #loaded: { seq: number; rows: LoadedRows } | null = null;
  #parked: { lane: number; venue: string; instrument: string }[] = [];

  constructor(store: EnrichedStore, pool: Pool) {
    this.#store = store;
    this.#pool = pool;
  }

  get lanes(): ReadonlyMap<number, LaneState> {
    return this.#lanes;
  }

  isCurrent(lane: number): Promise<boolean> {
    return this.#store.isCurrent(lane);
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

  read(message: InputMessage): CandleInput {
    return readCandleInput(message);
  }

  needsLoad(input: unknown, lane: number): boolean {
    const read = input as CandleInput;
    if (read.kind !== "candle") return false;
    const state = this.#stateOf(lane);
    return state.find(read.candle) === null || isRevision(state, read.candle);
  }

  async load(input: unknown, lane: number, message: InputMessage): Promise<void> {
    const read = input as CandleInput;
    if (read.kind !== "candle") return;
    const state = this.#stateOf(lane);
    const { candle } = read;
    if (state.find(candle) === null) await this.#loadInstrument(state, candle);
    if (!isRevision(state, candle)) return;
    const [contexts, rows] = await Promise.all([
      this.#store.contexts(candle, [candle.timeframe], candle.openTime),
      this.#store.rowsFrom(candle, candle.openTime),
    ]);
    const context = contexts.get(candle.timeframe) ?? { priced: [], volumes: [], last: null };
    this.#loaded = { seq: message.seq, rows: { context, rows } };
  }

  apply(input: unknown, lane: number, message: InputMessage, emit: EmitOutput): void {
    const read = input as CandleInput;
    const state = this.#stateOf(lane);
    const loaded = this.#loaded?.seq === message.seq ? this.#loaded.rows : null;
    this.#loaded = null;
    if (read.kind === "candle") onCandle(state, read.candle, read.stamps, message.seq, loaded, this.#writer, emit);
    else if (read.kind === "recomputed") {
      const { from, to, cause } = read.notice;
      this.#writer.putNotice(read.notice, { from, to, cause, inputSeq: message.seq }, emit);
    }
  }

  deadLettered(lane: number, message: InputMessage, kind: "invalid" | "fault"): void {
    const named = instrumentIn(message);
    if (kind !== "fault" || named === null) return;
    const state = this.#stateOf(lane);
    const key = instrumentKeyOf(named.venue, named.instrument);
    if (state.parked.has(key)) return;
    state.parked.add(key);
    this.#parked.push({ lane, ...named });
  }

  isParked(lane: number, message: InputMessage): boolean {
    const { parked } = this.#stateOf(lane);
    if (parked.size === 0) return false;
    const named = instrumentIn(message);
    return named !== null && parked.has(instrumentKeyOf(named.venue, named.instrument));
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

  /** Loads all timeframes at once: at every load what was gathered is committed first. */
  async #loadInstrument(state: LaneState, candle: Candle): Promise<void> {
    const contexts = await this.#store.contexts(candle, TIMEFRAMES, null);
    for (const timeframe of TIMEFRAMES) {
      const context = contexts.get(timeframe);
      state.put({ ...candle, timeframe }, context === undefined ? new IndicatorSeries() : IndicatorSeries.restore(context));
    }
  }

  #stateOf(lane: number): LaneState {
    const state = this.#lanes.get(lane);
    if (state === undefined) throw new Error(`lane ${lane} has no state`);
    return state;
  }
}

/** The instrument of a candle's message; null where it is another message. */
function instrumentIn(message: InputMessage): { venue: string; instrument: string } | null {
  return parametersOf(candleMessage, message.subject) as { venue: string; instrument: string } | null;
}
