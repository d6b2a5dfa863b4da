import { REPLAY_HEADER } from "@tickfleet/contracts/control-messages";
import { clock, gap, status, tradeBatch } from "@tickfleet/contracts/market-messages";
import { classOf, type MessageDefinition, partitionInSubject } from "@tickfleet/contracts/message";
import { createBatchColumns, decodeTradeBatch } from "@tickfleet/contracts/trade-batch";
import { type LanePosition, type LaneUpdate, NOWHERE } from "@tickfleet/database/checkpoint";
import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import type { TradeColumns } from "@tickfleet/market/trade";
import type { LaneHandler } from "@tickfleet/runtime/lane-handler";
import type { InputMessage } from "@tickfleet/runtime/ordered-reader";
import { appendTrades, type Clock, createRecorderRows, type Gap, type RecorderRows, type Status } from "./recorder-rows.ts";
import type { RecorderStore } from "./store.ts";

/** A message of MARKET as the recorder reads it; the columns of trades are reused by the next one. */
type RecorderInput =
  | { kind: "trade"; batch: TradeColumns }
  | { kind: "clock"; payload: Clock }
  | { kind: "status"; payload: Status }
  | { kind: "gap"; payload: Gap }
  | { kind: "other" };

/** Rows that are written at once without waiting for more. */
const ENOUGH_ROWS = 5_000;
const IDLE_MS = 100;

const CLASSES: ReadonlyMap<string, MessageDefinition> = new Map(
  [clock, status, gap].map((definition) => [classOf(definition.template), definition as MessageDefinition]),
);
const TRADE_CLASS = classOf(tradeBatch.template);

/** MARKET -> tables: trades, and beside them the messages that a rebuild needs. Makes no messages of its own. */
export class Recorder implements LaneHandler {
  readonly #store: RecorderStore;
  readonly #scratch = createBatchColumns();
  readonly #onRecorded: (trades: number, fresh: number) => void;
  #rows: RecorderRows = createRecorderRows();

  constructor(store: RecorderStore, onRecorded: (trades: number, fresh: number) => void) {
    this.#store = store;
    this.#onRecorded = onRecorded;
  }

  async restore(): Promise<void> {
    this.#rows = createRecorderRows();
  }

  /** Rows of messages that the stream lost; it will hold others in their places. Trades stay: they happened. */
  async rollBack(lane: number, epoch: number, to: LanePosition): Promise<void> {
    if (!(await this.#store.rollBack(lane, epoch, to))) throw new Error("the recorder's lane is another process's now");
  }

  /** What is recorded stays: it happened. Only the position is forgotten. */
  async wipe(lane: number, epoch: number): Promise<void> {
    this.#rows = createRecorderRows();
    await this.rollBack(lane, epoch, NOWHERE);
  }

  /** The recorder has nothing but the stream: it begins with what that holds. */
  async history(): Promise<null> {
    this.#rows = createRecorderRows();
    return null;
  }

  forget(): void {
    this.#rows = createRecorderRows();
  }

  read(message: InputMessage): RecorderInput {
    const name = classOf(message.subject);
    if (name === TRADE_CLASS) {
      decodeTradeBatch(message.data, this.#scratch);
      return { kind: "trade", batch: this.#scratch };
    }
    const definition = CLASSES.get(name);
    if (definition === undefined) return { kind: "other" };
    return { kind: name, payload: parsePayload(definition, message) } as RecorderInput;
  }

  needsLoad(): boolean {
    return false;
  }

  async load(): Promise<void> {}

  apply(input: unknown, _lane: number, message: InputMessage): void {
    const market = input as RecorderInput;
    if (market.kind === "other") return;
    if (market.kind === "trade") {
      appendTrades(this.#rows, market.batch, message.seq);
      const replay = message.header(REPLAY_HEADER);
      if (replay !== "") this.#rows.replays.set(message.seq, replay);
      return;
    }
    const { payload } = market;
    const partition = partitionInSubject(message.subject);
    this.#rows.events.push({
      inputSeq: message.seq,
      partition: partition === "all" ? null : partition,
      kind: market.kind,
      venue: payload.venue,
      subjectTail: market.kind === "gap" ? market.payload.instrument : market.payload.connection,
      timeUs: eventTimeOf(market),
      payload: JSON.stringify(payload),
    });
    if (market.kind === "gap") this.#rows.gaps.push(market.payload);
    if (market.kind === "status") this.#rows.statuses.push(market.payload);
  }

  /** A rebuild must meet what cannot be read too: it made minutes partial. */
  deadLettered(_lane: number, message: InputMessage, cause: "invalid" | "fault"): void {
    const partition = partitionInSubject(message.subject);
    this.#rows.events.push({
      inputSeq: message.seq,
      partition: partition === "all" ? null : partition,
      kind: "unreadable",
      venue: "",
      subjectTail: message.subject,
      timeUs: this.#timeOf(message) ?? Date.now() * 1000,
      payload: JSON.stringify({ cause, subject: message.subject, data: Buffer.from(message.data).toString("base64") }),
    });
  }

  /** Venue time of a message that can be read, epoch microseconds; else null. */
  #timeOf(message: InputMessage): number | null {
    try {
      const market = this.read(message);
      if (market.kind === "trade") return market.batch.eventTimeUs[0] as number;
      return market.kind === "other" ? null : eventTimeOf(market);
    } catch (error) {
      if (error instanceof InvalidMessageError) return null;
      throw error;
    }
  }

  isParked(): boolean {
    return false;
  }

  afterFold(): number {
    return IDLE_MS;
  }

  async commit(updates: readonly LaneUpdate[]): Promise<boolean> {
    const rows = this.#rows;
    this.#rows = createRecorderRows();
    const fresh = await this.#store.commit(updates, rows);
    if (fresh === null) return false;
    this.#onRecorded(rows.trades.count, fresh);
    if (updates.some((update) => update.keep)) await this.#store.prune();
    return true;
  }

  hasRows(): boolean {
    return this.#rows.trades.count >= ENOUGH_ROWS || this.#rows.events.length >= ENOUGH_ROWS;
  }
}

function eventTimeOf(market: Exclude<RecorderInput, { kind: "trade" | "other" }>): number {
  return market.kind === "gap" ? market.payload.to : market.payload.time;
}

function parsePayload(definition: MessageDefinition, message: InputMessage): unknown {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(message.data));
  } catch (cause) {
    throw new InvalidMessageError(`${message.subject}: not JSON`, { cause });
  }
  const parsed = definition.schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fault = parsed.error.issues[0];
  throw new InvalidMessageError(`${message.subject}: ${fault?.path.join(".") ?? ""} ${fault?.message ?? "is not as its schema says"}`);
}
