import { setImmediate as turn } from "node:timers/promises";
import { type ScriptedSource, SourceFileError } from "@tickfleet/venues/source";
import { Intake } from "./intake.ts";
import type { IntakeCounts, IntakeState, OutboundMessage, QualityRow } from "./intake-state.ts";
import type { QualityLog } from "./quality-log.ts";
import type { Spool } from "./spool.ts";

export interface ScriptOptions {
  source: ScriptedSource;
  /** Name of the source in the spool, the same after a restart. */
  key: string;
  spool: Spool;
  quality: QualityLog;
  /** State to begin with where the spool knows nothing of the source. */
  initial: IntakeState | null;
  /** Resolves when the script may go on to that venue time; null: at once, always. */
  pace: ((timeUs: number) => Promise<void>) | null;
  signal: AbortSignal;
  /** Headers of the script's messages. */
  headers?: Record<string, string>;
  /** Called after every block. */
  onProgress?: (position: number, counts: Readonly<IntakeCounts>) => void;
}

export interface ScriptResult {
  /** False where the signal ended it: it goes on after the next start. */
  ended: boolean;
  state: IntakeState;
  /** Number of the last message that was spooled. */
  lastN: number;
  /** What was wrong with a file, after all that could be read of it. */
  fault: string | null;
}

/** A time that leaps makes many messages of one event: so many go before the spool is asked for room. */
const MOST_AT_ONCE = 1_000;
const STATE_EVERY_MESSAGES = 5_000;
const STATE_EVERY_US = 60_000_000;
const STATE_EVERY_MS = 1_000;

/**
 * Runs a scripted source into the spool. A run that was cut off goes on where its state was kept: the
 * messages after it are made again, equal, and those that are spooled already are skipped.
 */
export async function runScript(options: ScriptOptions): Promise<ScriptResult> {
  const { source, key, spool, quality, signal } = options;
  const kept = spool.sourceState(key);
  let index = kept?.index ?? 0;
  const skipUntil = kept?.lastIndex ?? 0;
  let lastN = spool.lastN;
  let roomyIndex = index;
  const intake = new Intake({
    venue: source.venue,
    connection: source.connection,
    nowUs: null,
    sink: { message, quality: quarantine, refill: () => {} },
  });
  if (kept !== null) {
    intake.restore(JSON.parse(kept.state) as IntakeState);
  } else {
    if (options.initial !== null) intake.restore(options.initial);
    intake.resetCounts();
    keep(0);
  }
  const due = createDue(index, intake.clockUs);
  let fault: string | null = null;
  try {
    for await (const { position, events } of source.events(kept?.position ?? 0)) {
      if (due(index, intake.clockUs)) {
        await quality.flushed(signal);
        if (signal.aborted) break;
        keep(position);
      }
      for (const event of events) {
        if (options.pace !== null && event.kind === "time") {
          spool.commit();
          await options.pace(event.timeUs);
        }
        if (signal.aborted) break;
        intake.handle(event);
        if (index - roomyIndex >= MOST_AT_ONCE) await makeRoom();
      }
      spool.commit();
      if (signal.aborted) return { ended: false, state: intake.snapshot(), lastN, fault: null };
      options.onProgress?.(position, intake.counts);
      await makeRoom();
    }
  } catch (error) {
    if (!(error instanceof SourceFileError)) throw error;
    fault = error.message;
  }
  await quality.flushed(signal);
  return { ended: !signal.aborted, state: intake.snapshot(), lastN, fault };

  async function makeRoom(): Promise<void> {
    roomyIndex = index;
    spool.commit();
    await spool.room(signal);
    await turn(); // a source that never waits would starve the publisher
  }

  function message(made: OutboundMessage): void {
    index += 1;
    if (index > skipUntil) lastN = spool.append(key, index, made, options.headers);
  }

  function quarantine(row: QualityRow): void {
    const { quarantined, outsideSession } = intake.counts;
    quality.add({ ...row, source: key, key: `${key}:${quarantined}:${outsideSession}` });
  }

  function keep(position: number): void {
    spool.keepState(key, position, index, JSON.stringify(intake.snapshot()));
  }
}

/** Whether it is time to keep the state: after so many messages, or so much of the script's time but not every moment of ours. */
function createDue(startIndex: number, startUs: number): (index: number, clockUs: number) => boolean {
  let keptIndex = startIndex;
  let keptUs = startUs;
  let keptMs = performance.now();
  return (index, clockUs) => {
    const now = performance.now();
    const aged = clockUs - keptUs >= STATE_EVERY_US && now - keptMs >= STATE_EVERY_MS;
    if (index - keptIndex < STATE_EVERY_MESSAGES && !aged) return false;
    keptIndex = index;
    keptUs = clockUs;
    keptMs = now;
    return true;
  };
}
