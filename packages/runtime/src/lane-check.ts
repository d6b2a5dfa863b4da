import type { LanePosition, OutputPosition } from "@tickfleet/database/checkpoint";
import type { Bus, StreamPosition } from "./bus.ts";

/**
 * Why a checkpoint does not hold against the streams; null where it does.
 * @param lastInput sequence of the last message there ever was for the lane, null where its writer cannot tell: what the stream has
 * dropped by age after that was others'
 */
export async function findFault(
  bus: Bus,
  position: LanePosition,
  inputStream: string,
  lastInput: () => Promise<number | null>,
): Promise<string | null> {
  const input = await bus.streamPosition(inputStream);
  if (position.streamCreated === input.created && position.seq + 1 < input.firstSeq) {
    const last = await lastInput();
    if (last !== null && last <= position.seq) return outputsFault(bus, position);
  }
  const fault = await findPositionFault(bus, inputStream, input, {
    created: position.streamCreated,
    seq: position.seq,
    id: position.inputId,
  });
  return fault ?? outputsFault(bus, position);
}

/** Takes lanes that nothing came for up to the newest message read, so that none stays behind what the stream keeps. */
export function passQuietLanes(
  lanes: Iterable<{ seq: number; inputId: string; dirty: boolean }>,
  seen: { seq: number; id: string } | null,
): void {
  if (seen === null) return;
  for (const lane of lanes) if (lane.seq < seen.seq) Object.assign(lane, { seq: seen.seq, inputId: seen.id, dirty: true });
}

async function outputsFault(bus: Bus, position: LanePosition): Promise<string | null> {
  for (const [stream, remembered] of Object.entries(position.outputs)) {
    const outputFault = await outputFaultOf(bus, stream, remembered);
    if (outputFault !== null) return outputFault;
  }
  return null;
}

async function outputFaultOf(bus: Bus, stream: string, remembered: OutputPosition): Promise<string | null> {
  const output = await bus.streamPosition(stream);
  if (remembered.seq === 0) return remembered.created === output.created ? null : `${stream} was made anew`;
  // what the output stream has dropped by age is no fault: only its end matters
  if (remembered.created === output.created && remembered.seq < output.firstSeq) return null;
  return findPositionFault(bus, stream, output, remembered);
}

/** Why a position remembered does not hold against a stream as it is now; null where it does. */
export async function findPositionFault(
  bus: Bus,
  stream: string,
  actual: StreamPosition,
  remembered: { created: string | null; seq: number; id: string },
): Promise<string | null> {
  if (remembered.created === null) return `no position in ${stream}`;
  if (remembered.created !== actual.created) return `${stream} was made anew at ${actual.created}`;
  if (remembered.seq + 1 < actual.firstSeq) return `${stream} begins at ${actual.firstSeq}, after ${remembered.seq + 1} was due`;
  if (remembered.seq > actual.lastSeq) return `${stream} ends at ${actual.lastSeq}, before ${remembered.seq}: it lost its tail`;
  if (remembered.seq === 0 || remembered.seq < actual.firstSeq) return null;
  const message = await bus.getMessage(stream, remembered.seq);
  const id = message?.headers?.get("Nats-Msg-Id") ?? "";
  return id === remembered.id ? null : `${stream} holds another message at ${remembered.seq}: ${id || "none"} in place of ${remembered.id}`;
}
