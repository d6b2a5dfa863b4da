import { partitionFilter } from "@tickfleet/contracts/message";
import { type Bus, MAX_ATOMIC_BATCH, type OutgoingMessage } from "./bus.ts";
import type { LaneOutput } from "./lane-handler.ts";
import { openOrderedReader } from "./ordered-reader.ts";

/** Position of an output: which input message made it, and as its how many-th output. */
export interface OutputSource {
  streamCreated: string;
  seq: number;
  index: number;
}

const SOURCE_HEADER = "Src";
const READ_WAIT_MS = 5_000;

/** What a lane knows of its outputs. */
export interface LaneOutputState {
  lane: number;
  outputCreated: string | null;
  outputSeq: number;
  outputId: string;
  /** Outputs up to this position are stored already: a replay skips them. */
  skipUntil: OutputSource | null;
  /** Ids of outputs that are stored already, where positions cannot tell. */
  skipIds: Set<string> | null;
}

interface PendingOutput extends LaneOutput {
  state: LaneOutputState;
  source: OutputSource;
}

/** Gathers outputs in order and publishes them in atomic batches that a zombie's broker refuses. */
export class LaneOutputs {
  readonly #bus: Bus;
  #pending: PendingOutput[] = [];

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  get count(): number {
    return this.#pending.length;
  }

  add(state: LaneOutputState, source: OutputSource, output: LaneOutput): void {
    if (state.skipUntil !== null) {
      if (!isAfter(source, state.skipUntil)) return;
      state.skipUntil = null;
    }
    if (state.skipIds?.delete(output.id)) return;
    this.#pending.push({ ...output, state, source });
  }

  clear(): void {
    this.#pending = [];
  }

  /** Publishes everything gathered, in order. @throws PublishRefusedError, PublishUnknownError */
  async publish(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending.slice(0, MAX_ATOMIC_BATCH);
      const begun = new Set<number>();
      const messages: OutgoingMessage[] = batch.map((output) => {
        const { state, source } = output;
        const headers: Record<string, string> = {
          "Nats-Msg-Id": output.id,
          [SOURCE_HEADER]: `${source.streamCreated} ${source.seq} ${source.index}`,
        };
        if (!begun.has(state.lane)) {
          begun.add(state.lane);
          headers["Nats-Expected-Last-Subject-Sequence"] = String(state.outputSeq);
          headers["Nats-Expected-Last-Subject-Sequence-Subject"] = partitionFilter(state.lane);
        }
        return { subject: output.subject, headers, data: output.data };
      });
      const { lastSeq } = await this.#bus.publishBatch(messages);
      batch.forEach((output, i) => {
        output.state.outputSeq = lastSeq - (batch.length - 1 - i);
        output.state.outputId = output.id;
      });
      this.#pending.splice(0, batch.length);
    }
  }
}

/**
 * Sets a lane's outputs against the output stream: the last one stored tells what a replay skips. Where
 * its position is of another input stream, or the input lost its tail, the ids of all later outputs do.
 */
export async function alignOutputs(
  bus: Bus,
  stream: string,
  state: LaneOutputState,
  inputCreated: string,
  byPosition: boolean,
): Promise<void> {
  const position = await bus.streamPosition(stream);
  state.skipUntil = null;
  state.skipIds = null;
  if (state.outputCreated !== position.created) {
    state.outputCreated = position.created;
    state.outputSeq = 0;
    state.outputId = "";
  }
  const last = await bus.getLast(stream, partitionFilter(state.lane));
  if (last === null) {
    // none yet, or all of them were dropped by age: the broker expects 0
    state.outputSeq = 0;
    state.outputId = "";
    return;
  }
  if (last.seq <= state.outputSeq) return;
  const source = parseSource(last.headers?.get(SOURCE_HEADER) ?? "");
  if (byPosition && source?.streamCreated === inputCreated) state.skipUntil = source;
  else state.skipIds = await idsAfter(bus, stream, state.lane, state.outputSeq, last.seq);
  state.outputSeq = last.seq;
  state.outputId = last.headers?.get("Nats-Msg-Id") ?? "";
}

async function idsAfter(bus: Bus, stream: string, lane: number, afterSeq: number, lastSeq: number): Promise<Set<string>> {
  const ids = new Set<string>();
  const reader = await openOrderedReader(bus, stream, afterSeq + 1, [partitionFilter(lane)]);
  try {
    for (let seq = afterSeq; seq < lastSeq; ) {
      const messages = await reader.take(1_000, READ_WAIT_MS);
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

function parseSource(text: string): OutputSource | null {
  const [streamCreated, seq, index] = text.split(" ");
  if (streamCreated === undefined || seq === undefined || index === undefined) return null;
  return { streamCreated, seq: Number(seq), index: Number(index) };
}

function isAfter(source: OutputSource, limit: OutputSource): boolean {
  return source.seq !== limit.seq ? source.seq > limit.seq : source.index > limit.index;
}
