import type { FleetUnderTest } from "./fleet-under-test.ts";

/** What `/readyz` of the services said while it said no. */
export interface Readiness {
  /** Ends the watch; each service and reason once, such as `aggregator candles: ...`. */
  stop(): Promise<string[]>;
}

const EVERY_MS = 50;
const UNAVAILABLE = 503;

/** Asks every service again and again whether it is ready, once it has been. */
export function watchReadiness(fleet: FleetUnderTest): Readiness {
  const seen = new Set<string>();
  const ready = new Set<number>();
  let asking = true;
  // side by side: one that is too busy to answer must not hide what another says for a tenth of a second
  const watching = Promise.all(
    fleet.parts.map(async (part) => {
      while (asking) {
        await ask(part.name, part.service?.opsPort ?? -1);
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      }
    }),
  );
  return {
    async stop() {
      asking = false;
      await watching;
      return [...seen];
    },
  };

  async function ask(name: string, port: number): Promise<void> {
    if (port === -1) return;
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(1_000) });
      const text = await answer.text();
      if (answer.status !== UNAVAILABLE) ready.add(port);
      else if (ready.has(port)) seen.add(`${name} ${text}`);
    } catch {
      // it is between two lives
    }
  }
}
