import type { Instrument } from "@tickfleet/market/instrument";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import type { RawQuote, RawTrade, Refill, SourceEvent, TakenId } from "@tickfleet/venues/source";
import { ConnectionClock } from "./connection-clock.ts";
import { type GapMessage, isOutsideSession, type RefillRequest, uncoveredReason } from "./gap-tracker.ts";
import { createIntakeInstrument, growScales, type IntakeInstrument, restoreInstrument, snapshotInstrument } from "./intake-instrument.ts";
import { IntakeMessages } from "./intake-messages.ts";
import { countTrade, emptyCounts, type IntakeCounts, type IntakeOptions, type IntakeState } from "./intake-state.ts";
import { describeFault, faultOfTrade, rescaled } from "./trade-check.ts";

/** So many trades outside of trading hours are kept as they came; all are counted. */
const MOST_OUTSIDE_KEPT = 10_000;

/**
 * Turns what one connection says into the messages of MARKET, in order: sides, standing quotes, batches,
 * clocks, status, gaps. Deterministic: the same events and the same state give the same messages.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #instruments = new Map<string, IntakeInstrument>();
  readonly #messages: IntakeMessages;
  #listed: Instrument[] = [];
  readonly #clock: ConnectionClock;
  #version = 0;
  #consecutiveIds = false;
  #refill: Refill = "none";
  #interrupted = false;
  #counts: IntakeCounts = emptyCounts();

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#messages = new IntakeMessages(options);
    this.#clock = new ConnectionClock({
      stepped: options.nowUs === null,
      tell: () => this.#tellClock(),
      onLeap: (aimUs) => {
        for (const kept of this.#instruments.values()) kept.gaps.hurry(aimUs, this.#refill);
      },
    });
  }

  get counts(): Readonly<IntakeCounts> {
    return this.#counts;
  }

  /** The connection's clock: the greatest venue time, epoch microseconds. */
  get clockUs(): number {
    return this.#clock.us;
  }

  get life(): IntakeState["life"] {
    return this.#clock.life;
  }

  handle(event: SourceEvent): void {
    if (event.kind === "trade") this.#onTrade(event.trade);
    else if (event.kind === "quote") this.#onQuote(event.quote);
    else if (event.kind === "time") this.tick(event.timeUs);
    else if (event.kind === "confirm") this.#instruments.get(event.instrument)?.quotes.confirm(event.receivedTimeUs);
    else if (event.kind === "fill") this.answerRefill(event.instrument, null, event.trades, event.complete);
    else if (event.kind === "open") this.#onOpen(event);
    else if (event.kind === "down") this.#onDown(event.reason);
    else if (event.kind === "end") this.#onEnd(event.timeUs, event.reason);
    else if (event.kind === "invalid") {
      this.#quarantine(event.instrument, event.reason, event.raw);
      this.#noteTaken(event.taken);
    } else {
      this.#counts.ignored += 1;
      this.#noteTaken(event.taken);
    }
  }

  /** Moves the clock to a venue time, and tells it where it crossed a whole second. A lost connection's clock stands still. */
  tick(timeUs: number): void {
    this.#clock.tick(timeUs);
  }

  /** Sends open batches on their way. */
  flush(): void {
    for (const kept of this.#instruments.values()) this.#messages.batch(kept);
  }

  /** Takes the answer to a gap; `gapId` is null where the source does not say which. */
  answerRefill(instrument: string, gapId: string | null, trades: readonly RawTrade[], complete: boolean): void {
    const kept = this.#instruments.get(instrument);
    if (kept === undefined) {
      this.#quarantine(instrument, "fill of an unknown instrument", "");
      return;
    }
    const surplus = kept.gaps.fill(gapId, trades, complete, this.#refill, (trade, id) => this.#publishTrade(kept, trade, id));
    this.#counts.ignored += surplus;
  }

  /** Starts a new count, when another job goes on from this state. */
  resetCounts(): void {
    this.#counts = emptyCounts();
  }

  snapshot(): IntakeState {
    return {
      clockUs: this.#clock.us,
      toldSecond: this.#clock.toldSecond,
      life: this.#clock.life,
      version: this.#version,
      listed: this.#listed.map((instrument) => instrument.instrument),
      consecutiveIds: this.#consecutiveIds,
      refill: this.#refill,
      instruments: [...this.#instruments.values()].map(snapshotInstrument),
      counts: { ...this.#counts },
    };
  }

  /** @param interrupted true where a live connection was lost with the process, so that the next `open` is a reconnect */
  restore(state: IntakeState, interrupted = false): void {
    const { venue, connection } = this.#options;
    this.#instruments.clear();
    for (const each of state.instruments) {
      const kept: IntakeInstrument = restoreInstrument(
        each,
        venue,
        connection,
        this.#gapSink(() => kept),
      );
      this.#instruments.set(each.instrument.instrument, kept);
    }
    this.#listed = state.listed.map((name) => (this.#instruments.get(name) as IntakeInstrument).instrument);
    this.#clock.restore(state.clockUs, state.toldSecond, state.life);
    this.#version = state.version;
    this.#consecutiveIds = state.consecutiveIds;
    this.#refill = state.refill;
    this.#counts = { ...emptyCounts(), ...state.counts };
    this.#interrupted = interrupted;
  }

  #onOpen(event: Extract<SourceEvent, { kind: "open" }>): void {
    this.flush();
    const known = new Set(this.#listed.map((instrument) => instrument.instrument));
    const again = this.#clock.life === "down" || this.#clock.life === "ended" || this.#interrupted;
    const lostUs = this.#clock.us;
    const changed = JSON.stringify(event.instruments) !== JSON.stringify(this.#listed);
    for (const instrument of event.instruments) this.#list(instrument);
    this.#listed = event.instruments;
    this.#consecutiveIds = event.consecutiveIds;
    this.#refill = event.refill;
    this.#clock.life = "live";
    this.#interrupted = false;
    if (changed) this.#version += 1;
    this.#clock.raise(event.timeUs);
    this.#tellStatus("live", event.timeUs, event.reason);
    for (const kept of this.#instruments.values()) {
      const name = kept.instrument.instrument;
      const isListed = event.instruments.some((each) => each.instrument === name);
      const sinceUs = known.has(name) ? (again ? lostUs : null) : kept.delistedUs;
      if (isListed && sinceUs !== null) this.#goOn(kept, sinceUs, event.timeUs);
      kept.delistedUs = isListed ? null : (kept.delistedUs ?? lostUs);
    }
  }

  /** What a connection that comes back says of one instrument's trades in between. */
  #goOn(kept: IntakeInstrument, lostUs: number, timeUs: number): void {
    if (this.#consecutiveIds) {
      // The next trade's id proves whether anything is missing; a live connection cannot wait for it.
      if (this.#refill === "rest") kept.gaps.reconnected(lostUs, timeUs, this.#refill);
      return;
    }
    const reason = uncoveredReason(kept.instrument.calendar, lostUs, timeUs);
    if (reason !== null) kept.gaps.uncovered(lostUs, timeUs, reason);
  }

  #onDown(reason: string): void {
    if (this.#clock.life !== "live") return;
    this.flush();
    this.#clock.life = "down";
    this.#tellStatus("down", this.#clock.us, reason);
  }

  #onEnd(timeUs: number, reason: string): void {
    if (this.#clock.life !== "live") return;
    this.#clock.finish(timeUs);
    this.#clock.life = "ended";
    this.#tellStatus("ended", this.#clock.us, reason);
  }

  #onTrade(trade: RawTrade): void {
    const kept = this.#instruments.get(trade.instrument);
    const { nowUs, venueNowUs } = this.#options;
    const aheadOfUs = nowUs === null || this.#clock.us === 0 ? Number.POSITIVE_INFINITY : Math.max(this.#clock.us, venueNowUs?.() ?? 0);
    const fault = kept === undefined ? "unknown instrument" : faultOfTrade(trade, aheadOfUs);
    if (fault === null && kept !== undefined) this.#publishTrade(kept, trade, null);
    else this.#quarantine(trade.instrument, fault ?? "", JSON.stringify(trade));
    if (kept === undefined || !this.#consecutiveIds || trade.epoch !== "" || !Number.isSafeInteger(trade.sourceSeq)) return;
    // One that is quarantined did come: its id is no hole.
    const timeUs = fault === null ? trade.eventTimeUs : this.#clock.us;
    kept.gaps.seen(trade.sourceSeq, timeUs, Math.max(this.#clock.us, timeUs));
  }

  #onQuote(quote: RawQuote): void {
    const kept = this.#instruments.get(quote.instrument);
    try {
      if (kept === undefined) throw new InvalidMessageError("unknown instrument");
      growScales(kept, Math.max(quote.bid.scale, quote.ask.scale), Math.max(quote.bidSize.scale, quote.askSize.scale));
      const { priceScale, sizeScale } = kept;
      const bid = rescaled(quote.bid, priceScale);
      const ask = rescaled(quote.ask, priceScale);
      kept.quotes.add(quote, bid, ask, rescaled(quote.bidSize, sizeScale), rescaled(quote.askSize, sizeScale));
    } catch (error) {
      this.#quarantine(quote.instrument, describeFault(error), JSON.stringify(quote));
    }
  }

  #publishTrade(kept: IntakeInstrument, trade: RawTrade, fill: string | null): void {
    let price: number;
    let size: number;
    try {
      growScales(kept, trade.price.scale, trade.size.scale);
      price = rescaled(trade.price, kept.priceScale);
      size = rescaled(trade.size, kept.sizeScale);
    } catch (error) {
      this.#quarantine(trade.instrument, describeFault(error), JSON.stringify(trade));
      return;
    }
    // Trades that come long after their time would get a quote that never stood before them.
    const standing = kept.quotes.before(trade);
    const quote = fill === null || standing?.method === "venue" ? standing : null;
    const decided = kept.side.decide(trade, price, quote);
    if (!kept.batch.accepts(trade, kept.priceScale, kept.sizeScale, quote, fill)) this.#messages.batch(kept);
    kept.batch.add(trade, price, size, kept, decided, quote, fill);
    if (price > kept.greatestPrice) kept.greatestPrice = price;
    if (size > kept.greatestSize) kept.greatestSize = size;
    countTrade(this.#counts, trade.eventTimeUs);
    if (isOutsideSession(kept.instrument.calendar, trade.eventTimeUs)) this.#noteOutside(trade);
  }

  /** A trade that will be on record and in no candle. */
  #noteOutside(trade: RawTrade): void {
    this.#counts.outsideSession += 1;
    if (this.#counts.outsideSession > MOST_OUTSIDE_KEPT) return;
    const { venue, sink } = this.#options;
    const { instrument, eventTimeUs: timeUs } = trade;
    sink.quality({ timeUs, venue, instrument, reason: "outside session", raw: JSON.stringify(trade) });
  }

  /** An id that something took which is no trade is no hole among the trades. */
  #noteTaken(taken: TakenId | undefined): void {
    const kept = taken === undefined ? undefined : this.#instruments.get(taken.instrument);
    if (taken === undefined || kept === undefined || !this.#consecutiveIds) return;
    const timeUs = taken.timeUs ?? this.#clock.us;
    kept.gaps.seen(taken.sourceSeq, timeUs, Math.max(this.#clock.us, timeUs));
  }

  #list(instrument: Instrument): void {
    const { venue, connection } = this.#options;
    const known = this.#instruments.get(instrument.instrument);
    if (known === undefined) {
      const kept: IntakeInstrument = createIntakeInstrument(
        instrument,
        venue,
        connection,
        this.#gapSink(() => kept),
      );
      this.#instruments.set(instrument.instrument, kept);
      return;
    }
    known.instrument = instrument;
    growScales(known, instrument.priceScale, instrument.sizeScale);
  }

  #gapSink(kept: () => IntakeInstrument): { gap(message: GapMessage): void; refill(request: RefillRequest): void } {
    return {
      gap: (message) => this.#messages.gap(kept(), message),
      refill: (request) => this.#options.sink.refill(request),
    };
  }

  #tellClock(): void {
    for (const kept of this.#instruments.values()) kept.gaps.expire(this.#clock.us, this.#refill);
    this.flush();
    const names = this.#listed.map((each) => each.instrument);
    const held = names.filter((name) => this.#instruments.get(name)?.gaps.heldAt(this.#clock.us));
    const state = this.#clock.life === "live" ? "live" : "down";
    this.#messages.clock({ time: this.#clock.us, state, version: this.#version, held });
  }

  #tellStatus(state: "live" | "down" | "ended", time: number, reason: string): void {
    this.#messages.status({ state, time, version: this.#version, instruments: this.#listed, reason });
  }

  #quarantine(instrument: string | null, reason: string, raw: string): void {
    this.#counts.quarantined += 1;
    this.#options.sink.quality({ timeUs: this.#clock.us, venue: this.#options.venue, instrument, reason, raw });
  }
}
