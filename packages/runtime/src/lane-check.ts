import type { LanePosition, OutputPosition } from "@tickfleet/database/checkpoint";
import type { Bus, StreamPosition } from "./bus.ts";

/** Why a checkpoint does not hold against the streams; null where it does. */
export async function findFault(bus: Bus, position: LanePosition, inputStream: string): Promise<string | null> {
  const input = await bus.streamPosition(inputStream);
  const fault = await positionFault(bus, inputStream, input, { created: position.streamCreated, seq: position.seq, id: position.inputId });
  if (fault !== null) return fault;
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
  return positionFault(bus, stream, output, remembered);
}

async function positionFault(
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
