import { tradeBatch } from "@tickfleet/contracts/market-messages";
import { parametersOf } from "@tickfleet/contracts/message";
import { createBatchColumns, decodeTradeBatch } from "@tickfleet/contracts/trade-batch";
import type { LanePosition, LaneUpdate } from "@tickfleet/database/checkpoint";
import type { Pool } from "@tickfleet/database/pool";
import { CalendarRangeError } from "@tickfleet/market/calendar";
import type { IntervalSet } from "@tickfleet/market/interval-set";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import type { TradeColumns } from "@tickfleet/market/trade";
import type { EmitOutput, LaneHandler, LaneHistory } from "@tickfleet/runtime/lane-handler";
import { isRebuilt } from "@tickfleet/runtime/lane-resume";
import type { InputMessage } from "@tickfleet/runtime/ordered-reader";
import { BatchPruning } from "./batch-pruning.ts";
import type { FormingUpdates } from "./forming.ts";
import { generationOf, openHistory, type RecordedInstrument, readTradesBefore } from "./history-store.ts";
import { keyOf, LaneState, seriesFromText, snapshotText, spoilMinutes } from "./lane-state.ts";
import { type InputPlace, LaneWriter } from "./lane-writer.ts";
import { type LoadedRevision, loadRevision, type RevisionSource } from "./late-rows.ts";
import { type MarketInput, readMarketInput } from "./market-input.ts";
import { onClock } from "./on-clock.ts";
import { judgedFrom, onGap } from "./on-gap.ts";
import { onStatus } from "./on-status.ts";
import { minutesOfBatch, onTrade, seriesOfBatch } from "./on-trade.ts";
import { scopeOf } from "./revision-scope.ts";
import { type CandleStore, PRESENT_LOG, type StateText } from "./store.ts";

/** How often the rows of open candles are stored, at least; the bus has them sooner. */
const STORE_FORMING_EVERY_MS = 2_000;

const RETRY_HEADER = "Dlq-Retry";

/** MARKET -> candles: the handler that the consume loop drives. */
export class CandleHandler implements LaneHandler {
  readonly #store: CandleStore;
  readonly #pool: Pool;
  readonly #forming: FormingUpdates;
  readonly #lanes = new Map<number, LaneState>();
  readonly #writer = new LaneWriter();
  /** The message at hand, and batches of the past beside it. */
  readonly #batch = createBatchColumns();
  readonly #scratch = createBatchColumns();
  #loaded: { seq: number; revision: LoadedRevision } | null = null;
  #formingStored = 0;
  readonly #pruning: BatchPruning;
  /** What the history of a lane makes again, until the lane is emptied for it. */
  readonly #recorded = new Map<number, readonly RecordedInstrument[]>();

  constructor(store: CandleStore, pool: Pool, forming: FormingUpdates) {
    this.#store = store;
    this.#pruning = new BatchPruning(store);
    this.#pool = pool;
    this.#forming = forming;
  }

  get lanes(): ReadonlyMap<number, LaneState> {
    return this.#lanes;
  }

  isCurrent(lane: number): Promise<boolean> {
    return this.#store.isCurrent(lane);
  }

  async restore(lane: number): Promise<void> {
    const state = new LaneState(lane);
    for (const { venue, instrument, state: text } of await this.#store.states(lane)) {
      if (venue === "") {
        state.restoreConnections(text);
        continue;
      }
      const { series, settledGaps } = seriesFromText(text);
      const seen = new Map<string, IntervalSet>();
      for (const data of await this.#store.batches(venue, instrument, series.closedUntil, Number.MAX_SAFE_INTEGER)) {
        decodeTradeBatch(data, this.#scratch);
        series.restoreBatch(this.#scratch, seen);
      }
      Object.assign(state.put(series), { dirty: false, changed: true, settledGaps });
    }
    this.#lanes.set(lane, state);
  }

  async rollBack(lane: number, epoch: number, to: LanePosition): Promise<void> {
    this.#pruning.forget(lane);
    if (!(await this.#store.rollBack(lane, epoch, to))) throw new Error(`lane ${lane} is another process's now`);
  }

  /** Empties the lane but for what its history, which was opened before, does not make again; the series go on from that. */
  async wipe(lane: number, epoch: number): Promise<void> {
    this.#pruning.forget(lane);
    const recorded = this.#recorded.get(lane) ?? [];
    this.#recorded.delete(lane);
    if (!(await this.#store.wipe(lane, epoch, recorded))) throw new Error(`lane ${lane} is another process's now`);
    this.#lanes.set(lane, new LaneState(lane, await this.#store.floors(recorded)));
  }

  async history(lane: number): Promise<LaneHistory | null> {
    this.#recorded.delete(lane);
    const history = await openHistory(this.#pool, lane);
    if (history === null) this.#lanes.set(lane, new LaneState(lane));
    else this.#recorded.set(lane, history.instruments);
    return history;
  }

  forget(lane: number): void {
    this.#pruning.forget(lane);
    this.#lanes.delete(lane);
    if (this.#lanes.size === 0) this.#writer.take();
  }

  read(message: InputMessage): MarketInput {
    return readMarketInput(message, this.#batch);
  }

  needsLoad(input: unknown, lane: number): boolean {
    const state = this.#stateOf(lane);
    const market = input as MarketInput;
    if (market.kind === "trade") return seriesOfBatch(state, market.batch).series.hasLate(market.batch);
    if (market.kind !== "gap") return false;
    const entry = state.find(market.gap.venue, market.gap.instrument);
    return entry !== undefined && judgedFrom(entry, market.gap, false) !== null;
  }

  async load(input: unknown, lane: number, message: InputMessage, signal: AbortSignal): Promise<void> {
    const market = input as MarketInput;
    const state = this.#stateOf(lane);
    const scope = scopeOf(state, market, generationOf(message) !== null);
    if (scope === null) return;
    const { series, ...about } = scope;
    const revision = await loadRevision(this.#sourceBefore(lane, message, signal), series, about);
    this.#loaded = { seq: message.seq, revision };
  }

  apply(input: unknown, lane: number, message: InputMessage, emit: EmitOutput): void {
    try {
      this.#apply(input, lane, message, emit);
    } catch (cause) {
      if (cause instanceof CalendarRangeError) throw new InvalidMessageError(`${message.subject}: ${cause.message}`, { cause });
      throw cause;
    }
  }

  #apply(input: unknown, lane: number, message: InputMessage, emit: EmitOutput): void {
    const state = this.#stateOf(lane);
    const market = input as MarketInput;
    const generation = generationOf(message);
    const place: InputPlace = {
      lane,
      inputSeq: message.seq,
      fromHistory: generation !== null,
    };
    const loaded = this.#loaded?.seq === message.seq ? this.#loaded.revision : null;
    this.#loaded = null;
    if (message.header(RETRY_HEADER) !== "") this.#unpark(state, message);
    switch (market.kind) {
      case "trade": {
        const entry = seriesOfBatch(state, market.batch);
        if (message.header(RETRY_HEADER) !== "") entry.series.unspoil(minutesOfBatch(market.batch));
        onTrade(entry, market.batch, market.stamps, place, loaded, this.#writer, emit);
        this.#keepBatch(place, market.batch, message, generation);
        break;
      }
      case "clock":
        onClock(state, market.clock, place, this.#writer, emit);
        break;
      case "status":
        onStatus(state, market.status);
        break;
      case "gap": {
        const entry = state.find(market.gap.venue, market.gap.instrument);
        if (entry) onGap(entry, market.gap, place, loaded, this.#writer, emit);
        break;
      }
      default:
    }
  }

  deadLettered(lane: number, message: InputMessage, kind: "invalid" | "fault"): void {
    const named = parametersOf(tradeBatch, message.subject);
    if (named === null) return;
    const state = this.#stateOf(lane);
    const { venue, instrument } = named as { venue: string; instrument: string };
    const entry = state.find(venue, instrument);
    if (entry) spoilMinutes(entry, this.#minutesOf(message), generationOf(message) !== null);
    if (kind === "fault" && !state.parked.has(keyOf(venue, instrument))) {
      state.parked.set(keyOf(venue, instrument), { venue, instrument });
      state.connectionsDirty = true;
    }
  }

  /** First and last minute of a batch that can be read, else null. */
  #minutesOf(message: InputMessage): { fromMinute: number; toMinute: number } | null {
    try {
      decodeTradeBatch(message.data, this.#scratch);
      return minutesOfBatch(this.#scratch);
    } catch {
      return null; // its minutes are as unreadable as the rest of it
    }
  }

  isParked(lane: number, message: InputMessage): boolean {
    const state = this.#stateOf(lane);
    if (state.parked.size === 0 || message.header(RETRY_HEADER) !== "") return false;
    const named = parametersOf(tradeBatch, message.subject);
    return named !== null && state.parked.has(keyOf(named["venue"] as string, named["instrument"] as string));
  }

  afterFold(): number {
    return this.#forming.send(this.#lanes.values());
  }

  hasRows(): boolean {
    return this.#writer.hasRows();
  }

  async commit(updates: readonly LaneUpdate[]): Promise<boolean> {
    const lanes = updates.map((update) => this.#stateOf(update.lane));
    this.#storeForming(lanes, updates);
    const states: StateText[] = [];
    for (const state of lanes) {
      if (state.connectionsDirty) states.push({ lane: state.lane, venue: "", instrument: "", state: state.snapshotConnections() });
      for (const entry of state.instruments.values()) {
        const { venue, instrument } = entry.series.key;
        if (entry.dirty) states.push({ lane: state.lane, venue, instrument, state: snapshotText(entry) });
        entry.dirty = false;
      }
      state.connectionsDirty = false;
    }
    const { pending, batches } = this.#writer.take();
    if (!(await this.#store.commit(updates, { candles: [...pending.rows.values()], states, batches }))) return false;
    await this.#pruning.run(this.#lanes.values());
    return true;
  }

  #stateOf(lane: number): LaneState {
    const state = this.#lanes.get(lane);
    if (state === undefined) throw new Error(`lane ${lane} has no state`);
    return state;
  }

  /** Adds the open candles' rows: at the end of a source, and every so often. */
  #storeForming(lanes: readonly LaneState[], updates: readonly LaneUpdate[]): void {
    const due = Date.now() - this.#formingStored > STORE_FORMING_EVERY_MS;
    if (due) this.#formingStored = Date.now();
    for (const [i, state] of lanes.entries()) {
      const update = updates[i] as LaneUpdate;
      const rowSeq = isRebuilt(update) ? 0 : update.seq;
      for (const entry of state.instruments.values()) {
        if (!entry.storeForming && !(due && entry.dirty)) continue;
        entry.storeForming = false;
        for (const row of entry.series.forming()) this.#writer.pending.put(state.lane, entry.series, row, rowSeq);
      }
    }
  }

  #keepBatch(place: InputPlace, batch: TradeColumns, message: InputMessage, generation: number | null): void {
    const { venue, instrument } = batch;
    this.#writer.batches.push({
      lane: place.lane,
      venue,
      instrument,
      inputLog: generation === null ? PRESENT_LOG : `history ${String(generation).padStart(6, "0")}`,
      inputSeq: message.seq,
      ...minutesOfBatch(batch),
      payload: message.data,
    });
  }

  #unpark(state: LaneState, message: InputMessage): void {
    const named = parametersOf(tradeBatch, message.subject);
    if (named !== null && state.parked.delete(keyOf(named["venue"] as string, named["instrument"] as string)))
      state.connectionsDirty = true;
  }

  #sourceBefore(lane: number, message: InputMessage, signal: AbortSignal): RevisionSource {
    return {
      rows: (series, from) => this.#store.rows(series, from),
      batches: (series, fromMinute, toMinute, old) => {
        const { venue, instrument } = series.key;
        if (old)
          return readTradesBefore(this.#pool, venue, instrument, fromMinute * 1000, (toMinute + 60_000) * 1000, {
            lane,
            generation: generationOf(message),
            seq: message.seq,
            signal,
          });
        return this.#store.batches(venue, instrument, fromMinute, toMinute);
      },
      decode: (data) => {
        decodeTradeBatch(data, this.#scratch);
        return this.#scratch;
      },
    };
  }
}
