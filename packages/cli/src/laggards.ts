import type { DerivedLaneRow, ReaderPosition } from "@tickfleet/database/fleet-status";

/** Who has not yet committed all that follows from a job, and how many messages the slowest of them has left at most. */
export interface Laggards {
  who: string;
  messages: number;
}

/** How far those are that read MARKET and what its readers write. */
export interface FleetPositions {
  recorder: ReaderPosition;
  lanes: readonly ReaderPosition[];
  indicatorLanes: readonly DerivedLaneRow[];
  patternLanes: readonly DerivedLaneRow[];
}

/**
 * Finds who is behind a place in MARKET; what a service has written of it is known only once it has read all that was written for it, so
 * the first service in line is told alone. Null where all is committed.
 * @param created the incarnation of MARKET; readers of another one have all of it before them
 */
export function findLaggards(created: string, target: number, positions: FleetPositions): Laggards | null {
  const leftOf = (reader: ReaderPosition): number => (reader.streamCreated === created ? target - reader.seq : Math.max(target, 1));
  const recorder = leftOf(positions.recorder);
  const lanes = positions.lanes.map(leftOf).filter((left) => left > 0);
  if (recorder > 0 || lanes.length > 0) {
    const who = [...(recorder > 0 ? ["the recorder"] : []), ...(lanes.length > 0 ? [`${lanes.length} of the aggregator's lanes`] : [])];
    return { who: who.join(", "), messages: Math.max(recorder, ...lanes) };
  }
  return findUnread("indicator", positions.indicatorLanes) ?? findUnread("pattern-detector", positions.patternLanes);
}

function findUnread(service: string, lanes: readonly DerivedLaneRow[]): Laggards | null {
  const unread = lanes.flatMap(({ streamCreated, seq, written }) => {
    if (written.streamCreated === null) return [];
    const left = streamCreated === written.streamCreated ? written.seq - seq : written.seq;
    return left > 0 ? [left] : [];
  });
  return unread.length === 0 ? null : { who: `${unread.length} of the ${service}'s lanes`, messages: Math.max(...unread) };
}
