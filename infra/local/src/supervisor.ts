import type { ProcessEnd } from "./server-process.ts";

/** A part of the fleet while it runs. */
export interface PartProcess {
  pid: number;
  exited: Promise<ProcessEnd>;
  /** Ends it, with force in the end. */
  stop(): Promise<void>;
}

export interface PartDefinition {
  name: string;
  /** Starts it and resolves when it is ready; ends what it has started where the signal says so. */
  start(signal: AbortSignal): Promise<PartProcess>;
  onReady(process: PartProcess, seconds: number): void;
  /** It ended, or did not come up, and is started again after the time. */
  onEnded(reason: string, retryMs: number): void;
}

export interface SupervisedPart {
  name: string;
  /** Resolves when it is ready for the first time; rejects when it does not come up. */
  ready: Promise<void>;
  stop(): Promise<void>;
}

/** A part that starting again does not help. */
export class HopelessPartError extends Error {
  override name = "HopelessPartError";
}

const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 10_000;
/** Before a part was ever ready, so many failures are enough. */
const ATTEMPTS = 4;

/** Keeps a part running until it is stopped: starts it again when it ends, later and later while it does not get ready. */
export function supervise(definition: PartDefinition): SupervisedPart {
  const abort = new AbortController();
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  ready.catch(() => {});
  let current: PartProcess | null = null;
  const loop = run();

  async function run(): Promise<void> {
    let failures = 0;
    let wasReady = false;
    while (!abort.signal.aborted) {
      let reason: string;
      try {
        const began = performance.now();
        current = await definition.start(abort.signal);
        if (abort.signal.aborted) break;
        failures = 0;
        wasReady = true;
        definition.onReady(current, Math.round(performance.now() - began) / 1000);
        resolve();
        reason = describeEnd(await current.exited);
      } catch (error) {
        failures += 1;
        reason = error instanceof Error ? error.message : String(error);
        if (!wasReady && (failures >= ATTEMPTS || error instanceof HopelessPartError)) {
          reject(new Error(`${definition.name} did not come up: ${reason}`, { cause: error }));
          break;
        }
      }
      if (abort.signal.aborted) break;
      const retryMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
      // the log after the first line is for the error that ends it all
      definition.onEnded(reason.split("\n", 1)[0] ?? reason, retryMs);
      await delay(retryMs, abort.signal);
    }
    await current?.stop();
    reject(new Error(`${definition.name} was stopped`));
  }

  return {
    name: definition.name,
    ready,
    async stop() {
      abort.abort();
      await current?.stop();
      await loop;
    },
  };
}

/** How a process ended, in words. */
export function describeEnd({ code, signal }: ProcessEnd): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}

/** Waits that long, or until the signal. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
