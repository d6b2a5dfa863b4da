import type { LanePosition, LaneUpdate } from "@tickfleet/database/checkpoint";
import type { InputMessage } from "./ordered-reader.ts";

/** A message that a handler wants published; its key and revision are its id. */
export interface LaneOutput {
  /** One of the consumer's output streams. */
  stream: string;
  subject: string;
  /** Key and revision of what it says, the same in every run. */
  id: string;
  data: Uint8Array;
}

/** Where a handler puts its outputs; their order per lane is their order in the stream. */
export type EmitOutput = (output: LaneOutput) => void;

/** What a history was made of, to be found in the stream: a lane that never had a position begins there where all of it is. */
export interface HistoryOrigin {
  /** The first message of every series, as its writer first sent it. */
  firstMessages(): Promise<readonly { subject: string; id: string }[]>;
  /** Subject filter of the lane's notices about recomputed values. */
  notices: string;
  /** Whether a notice stands for changes that no message told. */
  isUntold(notice: Uint8Array): boolean;
}

/** The history that a lane is rebuilt from, and where the stream goes on after it. */
export interface LaneHistory {
  messages: AsyncIterable<InputMessage>;
  /** The recorder's position in the stream when the history was read; its stream is the present one. */
  streamCreated: string;
  seq: number;
  inputId: string;
  /** `seq` is the last message there ever was for the lane: what the stream has dropped by age after it was others'. */
  isLast?: boolean;
  /** How to see whether the stream holds all that the history was made of; absent where the history has the order of the stream. */
  origin?: HistoryOrigin;
  /** Gives back what the reading holds; also where nothing was read. */
  close(): Promise<void>;
}

/**
 * State and rows of a stateful service, lane by lane. The loop calls it, one call at a time. Outputs
 * and state are functions of the input messages in their order, never of how they are grouped.
 */
export interface LaneHandler {
  /** Whether the lane's rows were made by the algorithms of this code; where they were not it is built again. Absent: they always are. */
  isCurrent?(lane: number): Promise<boolean>;
  /** Restores the state of a lane as its last commit left it. */
  restore(lane: number): Promise<void>;
  /** Takes rows and state of a lane back to a kept checkpoint, then restores it. */
  rollBack(lane: number, epoch: number, to: LanePosition): Promise<void>;
  /** Empties rows and state of a lane, for a rebuild. */
  wipe(lane: number, epoch: number): Promise<void>;
  /** The lane's history; null where this service has none and begins at the stream's first message. */
  history(lane: number): Promise<LaneHistory | null>;
  /** Sequence of the last message that the input's writer says it sent to the lane; null where it says nothing. Absent: nobody tells. */
  lastInput?(lane: number): Promise<number | null>;
  /** Forgets a lane that is another's now. */
  forget(lane: number): void;
  /** Reads a message; throws InvalidMessageError where it cannot be read. What it returns holds until the next call. */
  read(message: InputMessage): unknown;
  /** Whether `apply` first needs `load`; before it everything so far is committed. */
  needsLoad(input: unknown, lane: number): boolean;
  /** What waits for others in it ends at the signal, with an error. */
  load(input: unknown, lane: number, message: InputMessage, signal: AbortSignal): Promise<void>;
  apply(input: unknown, lane: number, message: InputMessage, emit: EmitOutput): void;
  /** A message of the lane was dead-lettered: what it would have changed is partial; after a fault its instrument is parked. */
  deadLettered(lane: number, message: InputMessage, kind: "invalid" | "fault"): void;
  /** Whether the message belongs to an instrument that is parked, and so goes to the dead letters unread. */
  isParked(lane: number, message: InputMessage): boolean;
  /** After every micro-batch, before its outputs are published: the place for forming updates. Returns in how many milliseconds it wants to be called again. */
  afterFold(): number;
  /**
   * Rows, state and checkpoints in one statement; false where a lane is no longer held. It takes them before it first waits: messages
   * are folded meanwhile, and belong to the next commit.
   */
  commit(updates: readonly LaneUpdate[]): Promise<boolean>;
  /** Whether there are rows waiting that should be committed at once. */
  hasRows(): boolean;
}
