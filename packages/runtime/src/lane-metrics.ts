import type { Metrics } from "./metrics.ts";

/** What a reader of a stream tells about itself at every scrape. */
export interface ReaderState {
  stream: string;
  /** Messages that are stored for it and not yet folded. */
  behind(): number;
  /** The broker's time of each lane's newest folded message, epoch milliseconds; null where none was folded. */
  lanes(): Iterable<readonly [lane: number, storedMs: number | null]>;
}

/** Measures of one consume loop. */
export interface LaneMetrics {
  folded(messages: number): void;
  /** @param storedMs when the broker stored the first message that led to these outputs */
  published(storedMs: number): void;
  committed(seconds: number): void;
}

const HOP_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300];
const COMMIT_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];
const MS_PER_SECOND = 1_000;

interface Instruments {
  of(stream: string): LaneMetrics;
  readers: Set<ReaderState>;
}

const instrumentsOf = new WeakMap<Metrics, Instruments>();

/** Measures a consume loop; a service may have several, and a loop may be measured by nobody. */
export function measureLanes(metrics: Metrics | undefined, reader: ReaderState): LaneMetrics {
  if (metrics === undefined) return { folded: () => {}, published: () => {}, committed: () => {} };
  let instruments = instrumentsOf.get(metrics);
  if (instruments === undefined) {
    instruments = createInstruments(metrics);
    instrumentsOf.set(metrics, instruments);
  }
  instruments.readers.add(reader);
  return instruments.of(reader.stream);
}

function createInstruments(metrics: Metrics): Instruments {
  const readers = new Set<ReaderState>();
  const folded = metrics.counter("folded_messages_total", "messages of a stream that were read and folded into the state", ["stream"]);
  const hop = metrics.histogram("hop_seconds", "from the broker's storing a message to the storing of what came of it", HOP_BUCKETS, [
    "stream",
  ]);
  const commit = metrics.histogram("commit_seconds", "time of a commit of rows, state and checkpoints", COMMIT_BUCKETS, ["stream"]);
  metrics.gauge("reader_lag_messages", "messages that are stored for this reader and not yet folded", ["stream"], (gauge) => {
    gauge.reset();
    for (const reader of readers) gauge.set({ stream: reader.stream }, reader.behind());
  });
  metrics.gauge(
    "lane_lag_seconds",
    "age of a lane's newest folded message while there is more to read, else 0",
    ["stream", "lane"],
    (gauge) => {
      // a lane that was given away is no longer told of
      gauge.reset();
      for (const reader of readers) {
        const isBehind = reader.behind() > 0;
        for (const [lane, storedMs] of reader.lanes()) {
          gauge.set({ stream: reader.stream, lane }, isBehind && storedMs !== null ? secondsSince(storedMs) : 0);
        }
      }
    },
  );
  return {
    readers,
    of: (stream) => ({
      folded: (messages) => folded.inc({ stream }, messages),
      published: (storedMs) => hop.observe({ stream }, secondsSince(storedMs)),
      committed: (seconds) => commit.observe({ stream }, seconds),
    }),
  };
}

function secondsSince(timeMs: number): number {
  return Math.max(0, (Date.now() - timeMs) / MS_PER_SECOND);
}
