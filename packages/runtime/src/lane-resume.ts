import { type LanePosition, type LaneStore, type LaneUpdate, NOWHERE, type OwnedLane, REBUILD_OF } from "@tickfleet/database/checkpoint";
import type { Logger } from "pino";
import type { Bus } from "./bus.ts";
import { findFault } from "./lane-check.ts";
import type { LaneHandler, LaneHistory } from "./lane-handler.ts";
import { alignOutputs, type LaneWriting, outputPositions, outputStateOf } from "./lane-outputs.ts";
import type { InputMessage } from "./ordered-reader.ts";

/** A message that threw this often is dead-lettered as a fault. */
const FAULTS_UNTIL_PARKED = 3;
/** Messages of a rebuild between two commits. */
const MESSAGES_PER_COMMIT = 2_000;

/** Messages of a subject among which its oldest candle is looked for. */
const FIRST_LOOKED_AT = 100;
const NOTICES_AT_ONCE = 1_000;

/** A lane that this process reads. */
export interface Lane extends Omit<OwnedLane, "outputs">, LaneWriting {
  streamCreated: string;
  /** Sequence in the table, as this process left it. */
  committedSeq: number;
  /** When the broker stored its newest folded message, epoch milliseconds; null before the first. */
  storedMs: number | null;
  /** It moved since the last commit. */
  dirty: boolean;
  /** When its position was last kept, epoch milliseconds. */
  keptAt: number;
  /** Messages that threw too often, with the error. */
  faults: Map<number, string>;
}

export interface ResumeOptions {
  bus: Bus;
  logger: Logger;
  store: LaneStore;
  handler: LaneHandler;
  inputStream: string;
  outputStreams: readonly string[];
  /** Ends a resume that is under way, with its reason as the error. */
  signal: AbortSignal;
}

/** Sequence of the last message there ever was for a lane, where its handler can tell. */
export async function lastInputOf(handler: LaneHandler, lane: number): Promise<number | null> {
  return (await handler.lastInput?.(lane)) ?? null;
}

/** Whether a lane's messages come from its history at present. */
export function isRebuilt({ streamCreated }: { streamCreated: string | null }): boolean {
  return streamCreated?.startsWith(REBUILD_OF) ?? false;
}

/** Where a lane stands. */
export function positionOf(lane: Lane): LanePosition {
  const { streamCreated, seq, inputId } = lane;
  return { streamCreated, seq, inputId, outputs: outputPositions(lane) };
}

/** What a commit writes of a lane; `keep`: the position before it is kept to step back to. */
export function updateOf(lane: Lane, keep: boolean): LaneUpdate {
  const { lane: number, epoch, committedSeq } = lane;
  return { lane: number, epoch, ...positionOf(lane), keep, committedSeq };
}

/** The loop's own ways to fold a message and to commit. */
export interface HistoryFold {
  fold(lane: Lane, message: InputMessage): Promise<void>;
  flush(lane: Lane, now: boolean): Promise<void>;
  /** Told now and then how many messages are folded. */
  tell(lane: Lane, messages: number): void;
}

/** Brings a lane's state to a checkpoint that holds against the streams: its own, an older one, or a rebuild. */
export async function resumeLane(options: ResumeOptions, fold: HistoryFold, owned: OwnedLane): Promise<Lane> {
  const { bus, handler, inputStream, logger, store } = options;
  const input = await bus.streamPosition(inputStream);
  const lastInput = () => lastInputOf(handler, owned.lane);
  const fault = await findFault(bus, owned, inputStream, lastInput);
  if (fault === null && (await handler.isCurrent?.(owned.lane)) === false) {
    logger.warn({ lane: owned.lane }, "its rows were made by other algorithms than today's");
    return rebuild(options, fold, owned, input.created, input.firstSeq);
  }
  if (fault === null) {
    await handler.restore(owned.lane);
    return laneAt(options, owned, input.created, true);
  }
  if (owned.streamCreated !== null) {
    logger.error({ lane: owned.lane, seq: owned.seq, fault }, "the checkpoint does not hold against the stream");
    for (const older of await store.kept(owned.lane)) {
      if ((await findFault(bus, older, inputStream, lastInput)) !== null) continue;
      logger.warn({ lane: owned.lane, from: owned.seq, to: older.seq }, "stepping back to an older checkpoint");
      await handler.rollBack(owned.lane, owned.epoch, older);
      if ((await handler.isCurrent?.(owned.lane)) === false) break;
      await handler.restore(owned.lane);
      return laneAt(options, { ...owned, ...older }, input.created, false);
    }
  }
  return rebuild(options, fold, owned, input.created, input.firstSeq);
}

async function laneAt(options: ResumeOptions, owned: OwnedLane, created: string, byPosition: boolean): Promise<Lane> {
  const { outputStreams, store } = options;
  const { outputs, ...rest } = owned;
  const lane: Lane = {
    ...rest,
    streamCreated: created,
    committedSeq: owned.seq,
    written: new Map(outputStreams.map((stream) => [stream, outputStateOf(outputs[stream])])),
    storedMs: null,
    dirty: false,
    keptAt: Date.now(),
    faults: await store.faults(owned.lane, created, FAULTS_UNTIL_PARKED),
  };
  for (const [stream, state] of lane.written)
    await alignOutputs(options, stream, lane.lane, state, { created, seq: owned.seq }, byPosition);
  return lane;
}

/** Empties the lane, folds its history, and goes on where the recorder stood. */
async function rebuild(options: ResumeOptions, fold: HistoryFold, owned: OwnedLane, created: string, firstSeq: number): Promise<Lane> {
  const { handler, logger } = options;
  const history = await handler.history(owned.lane);
  const empty = { ...owned, ...NOWHERE };
  if (history === null) {
    if (owned.streamCreated !== null) {
      logger.error({ lane: owned.lane }, "there is no history to rebuild from: going on at the first message of the input log");
      await handler.wipe(owned.lane, owned.epoch);
    }
    const lane = await laneAt(options, { ...empty, seq: Math.max(0, firstSeq - 1) }, created, true);
    return { ...lane, committedSeq: 0 };
  }
  try {
    if (owned.streamCreated === null && (await isInStream(options, { created, firstSeq }, history))) {
      await handler.restore(owned.lane);
      return await laneAt(options, empty, created, true);
    }
    if (history.streamCreated !== created || (!history.isLast && history.seq + 1 < firstSeq)) {
      throw new Error(`lane ${owned.lane} waits for the recorder, which has not yet read the present stream`);
    }
    if (owned.streamCreated !== null) logger.warn({ lane: owned.lane, to: history.seq }, "rebuilding from history");
    await handler.wipe(owned.lane, owned.epoch);
    const lane = await foldHistory(options, fold, await laneAt(options, empty, created, false), history);
    logger.info({ lane: lane.lane, seq: lane.seq }, "rebuilt from history");
    return lane;
  } finally {
    await history.close();
  }
}

/**
 * Whether the stream still holds all that the history was made of. Which of its messages were on record when a lane was first taken is
 * chance; from the stream it gets all of them, in the order in which everybody else did.
 */
async function isInStream(
  { bus, inputStream }: ResumeOptions,
  { created, firstSeq }: { created: string; firstSeq: number },
  { streamCreated, origin }: LaneHistory,
): Promise<boolean> {
  if (origin === undefined || streamCreated !== created || firstSeq > 1) return false;
  const first = await origin.firstMessages();
  const held = await Promise.all(first.map(({ subject, id }) => isAmongFirst(bus, inputStream, subject, id)));
  if (!held.every((each) => each)) return false;
  for (let from = 1; ; ) {
    const notices = await bus.listMessages(inputStream, from, origin.notices, NOTICES_AT_ONCE);
    if (notices.some(({ data }) => origin.isUntold(data))) return false;
    if (notices.length < NOTICES_AT_ONCE) return true;
    from = (notices.at(-1)?.seq ?? 0) + 1;
  }
}

/** The first message, or one soon after it: late trades may make a candle before the first one. */
async function isAmongFirst(bus: Bus, stream: string, subject: string, id: string): Promise<boolean> {
  for (const count of [1, FIRST_LOOKED_AT]) {
    const messages = await bus.listMessages(stream, 1, subject, count);
    if (messages.some(({ headers }) => headers?.get("Nats-Msg-Id") === id)) return true;
  }
  return false;
}

async function foldHistory(options: ResumeOptions, fold: HistoryFold, lane: Lane, history: LaneHistory): Promise<Lane> {
  const created = lane.streamCreated;
  // no stream has this name: a rebuild that is cut short begins again
  lane.streamCreated = REBUILD_OF + created;
  const faults = lane.faults;
  lane.faults = await options.store.faults(lane.lane, lane.streamCreated, FAULTS_UNTIL_PARKED);
  let folded = 0;
  fold.tell(lane, folded);
  for await (const message of history.messages) {
    options.signal.throwIfAborted();
    await fold.fold(lane, message);
    folded += 1;
    if (folded % MESSAGES_PER_COMMIT !== 0) continue;
    await fold.flush(lane, true);
    fold.tell(lane, folded);
  }
  lane.streamCreated = created;
  lane.faults = faults;
  lane.seq = history.seq;
  lane.inputId = history.inputId;
  lane.dirty = true;
  await fold.flush(lane, true);
  return lane;
}
