import { partitionFilter } from "@tickfleet/contracts/message";
import type { OutputPosition } from "@tickfleet/database/checkpoint";
import { type Bus, MAX_ATOMIC_BATCH, type OutgoingMessage } from "./bus.ts";
import { LanesLostError } from "./failures.ts";
import type { LaneOutput } from "./lane-handler.ts";
import { openOrderedReader } from "./ordered-reader.ts";

/** Position of an output: which input message made it, and as its how many-th output. */
export interface OutputSource {
  streamCreated: string;
  seq: number;
  index: number;
}

const SOURCE_HEADER = "Src";
const READ_WAIT_MS = 1_000;
/** After so many outputs in a row that the stream does not hold, a replay has left what it holds behind. */
const MISSES_UNTIL_NEW = 5_000;
/** A rebuild begins with outputs that are older than all that the stream holds. */
const NO_HIT = Number.NEGATIVE_INFINITY;
const NONE: Place = { seq: 0, id: "" };

/** A message of a stream. */
interface Place {
  seq: number;
  id: string;
}

/** What a lane knows of its outputs in one stream. */
interface OutputState {
  created: string | null;
  /** The lane's last message in the stream, which the broker expects to be named. */
  last: Place;
  /** Up to here the outputs are of inputs that are in the state; behind `last` while a replay still skips. */
  settled: Place;
  /** Outputs up to this position are stored already: a replay skips them. */
  skipUntil: OutputSource | null;
  /** Ids of outputs that are stored already, where positions cannot tell. */
  skipIds: Set<string> | null;
  /** Outputs in a row that were not among them, counted since one was. */
  misses: number;
}

/** A lane as a writer. */
export interface LaneWriting {
  lane: number;
  /** By name of the stream. */
  written: Map<string, OutputState>;
}

interface PendingOutput extends LaneOutput {
  lane: number;
  state: OutputState;
  source: OutputSource;
}

/** Gathers outputs in order and publishes them in atomic batches that a zombie's broker refuses. */
export class LaneOutputs {
  readonly #bus: Bus;
  /** By stream: a batch cannot span two. */
  readonly #pending: Map<string, PendingOutput[]>;

  constructor(bus: Bus, streams: readonly string[]) {
    this.#bus = bus;
    this.#pending = new Map(streams.map((stream) => [stream, []]));
  }

  get count(): number {
    let count = 0;
    for (const pending of this.#pending.values()) count += pending.length;
    return count;
  }

  add(lane: LaneWriting, source: OutputSource, output: LaneOutput): void {
    const state = lane.written.get(output.stream);
    const pending = this.#pending.get(output.stream);
    if (state === undefined || pending === undefined) throw new TypeError(`${output.stream} is no output stream of this service`);
    if (state.skipUntil !== null) {
      if (!isAfter(source, state.skipUntil)) return;
      state.skipUntil = null;
    }
    if (state.skipIds !== null && isStored(state, output.id)) return;
    pending.push({ ...output, lane: lane.lane, state, source });
  }

  clear(): void {
    for (const pending of this.#pending.values()) pending.length = 0;
  }

  /** Publishes everything gathered, stream by stream and there in order. @throws PublishRefusedError, PublishUnknownError */
  async publish(): Promise<void> {
    for (const pending of this.#pending.values()) await this.#publish(pending);
  }

  async #publish(pending: PendingOutput[]): Promise<void> {
    while (pending.length > 0) {
      const batch = pending.slice(0, MAX_ATOMIC_BATCH);
      const begun = new Set<number>();
      const messages: OutgoingMessage[] = batch.map((output) => {
        const { lane, state, source } = output;
        const headers: Record<string, string> = {
          "Nats-Msg-Id": output.id,
          [SOURCE_HEADER]: `${source.streamCreated} ${source.seq} ${source.index}`,
        };
        if (!begun.has(lane)) {
          begun.add(lane);
          headers["Nats-Expected-Last-Subject-Sequence"] = String(state.last.seq);
          headers["Nats-Expected-Last-Subject-Sequence-Subject"] = partitionFilter(lane);
        }
        return { subject: output.subject, headers, data: output.data };
      });
      const { lastSeq } = await this.#bus.publishBatch(messages);
      batch.forEach((output, i) => {
        output.state.last = { seq: lastSeq - (batch.length - 1 - i), id: output.id };
      });
      pending.splice(0, batch.length);
    }
  }
}

/** The state of a lane's outputs in a stream, as its checkpoint remembers it. */
export function outputStateOf(remembered: OutputPosition | undefined): OutputState {
  const { created = null, seq = 0, id = "", byIds = false } = remembered ?? {};
  return { created, last: { seq, id }, settled: { seq, id }, skipUntil: null, skipIds: byIds ? new Set() : null, misses: NO_HIT };
}

/** What a checkpoint remembers of a lane's outputs. */
export function outputPositions({ written }: LaneWriting): Record<string, OutputPosition> {
  const positions: Record<string, OutputPosition> = {};
  for (const [stream, state] of written) {
    if (state.created === null) continue;
    // before a replay has come to the stream's end, the checkpoint must not say that it has
    if (state.skipUntil === null && state.skipIds === null) state.settled = state.last;
    positions[stream] = { created: state.created, ...state.settled, ...(state.skipIds === null ? {} : { byIds: true }) };
  }
  return positions;
}

/**
 * Sets a lane's outputs against the output stream: the last one stored tells what a replay skips. Where
 * its position is of another input stream, or the input lost its tail, the ids of all later outputs do.
 * @param input the lane's position in its input stream
 */
export async function alignOutputs(
  { bus, signal }: { bus: Bus; signal: AbortSignal },
  stream: string,
  lane: number,
  state: OutputState,
  input: { created: string; seq: number },
  byPosition: boolean,
): Promise<void> {
  const position = await bus.streamPosition(stream);
  if (state.created !== position.created) Object.assign(state, { created: position.created, settled: NONE });
  const byIds = !byPosition || state.skipIds !== null;
  Object.assign(state, { skipUntil: null, skipIds: null, misses: NO_HIT, last: NONE });
  const last = await bus.getLast(stream, partitionFilter(lane));
  // none yet, or all of them were dropped by age: the broker expects 0
  if (last === null) return;
  state.last = { seq: last.seq, id: last.headers?.get("Nats-Msg-Id") ?? "" };
  const source = parseSource(last.headers?.get(SOURCE_HEADER) ?? "");
  if (byIds || source?.streamCreated !== input.created) {
    const ids = await idsAfter(bus, stream, lane, { created: position.created, from: state.settled.seq, to: last.seq, signal });
    state.skipIds = ids.size === 0 ? null : ids;
  } else if (source.seq > input.seq) state.skipUntil = source;
}

/** Whether an output is in the stream already; ids are forgotten once the outputs are clearly new ones. */
function isStored(state: OutputState, id: string): boolean {
  if (state.skipIds?.delete(id)) {
    state.misses = 0;
    if (state.skipIds.size === 0) state.skipIds = null;
    return true;
  }
  state.misses += 1;
  if (state.misses >= MISSES_UNTIL_NEW) state.skipIds = null;
  return false;
}

/** A stretch of an incarnation of a stream, to be read until the signal: after `from`, up to and with `to`. */
interface Stretch {
  created: string;
  from: number;
  to: number;
  signal: AbortSignal;
}

async function idsAfter(bus: Bus, stream: string, lane: number, stretch: Stretch): Promise<Set<string>> {
  const ids = new Set<string>();
  const reader = await openOrderedReader(bus, stream, stretch.from + 1, [partitionFilter(lane)]);
  try {
    for (let seq = stretch.from; seq < stretch.to; ) {
      stretch.signal.throwIfAborted();
      const messages = await reader.take(1_000, READ_WAIT_MS);
      if (messages.length === 0) await expectStored(bus, stream, lane, stretch);
      for (const message of messages) {
        ids.add(message.id);
        seq = message.seq;
      }
    }
  } finally {
    await reader.close();
  }
  return ids;
}

/** Throws LanesLostError where the end of a stretch, or anything after it, will not come any more. */
async function expectStored(bus: Bus, stream: string, lane: number, { created, to }: Stretch): Promise<void> {
  const position = await bus.streamPosition(stream);
  if (position.created !== created) throw new LanesLostError(`${stream} was made anew at ${position.created} while it was read`);
  const last = await bus.getLast(stream, partitionFilter(lane));
  if (last !== null && last.seq >= to) return;
  throw new LanesLostError(`${stream} was to be read up to ${to}, and lane ${lane} ends there at ${last?.seq ?? "nothing"}`);
}

function parseSource(text: string): OutputSource | null {
  const [streamCreated, seq, index] = text.split(" ");
  if (streamCreated === undefined || seq === undefined || index === undefined) return null;
  return { streamCreated, seq: Number(seq), index: Number(index) };
}

function isAfter(source: OutputSource, limit: OutputSource): boolean {
  return source.seq !== limit.seq ? source.seq > limit.seq : source.index > limit.index;
}
