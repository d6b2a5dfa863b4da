import { GatewayError } from "@tickfleet/client/gateway-error";
import type { Part } from "./store.ts";

const ASK_AGAIN_MS = 5_000;

/** What a part of the page says in place of its content. */
export function absentPart(error: unknown, what: string): Part<never> {
  if (error instanceof GatewayError && error.code === "unknown-route")
    return { state: "absent", reason: `This gateway does not serve ${what}.` };
  if (error instanceof GatewayError && error.status === 503)
    return { state: "absent", reason: `The database is away: ${what} come when it is back.` };
  return { state: "absent", reason: error instanceof Error ? error.message : String(error) };
}

/** What is newer of what is shown and what was read; nothing is older than anything. */
export function newerOf<Row extends { time: number }>(shown: Part<Row | null>, read: Row | null): Part<Row | null> {
  const isOlder = shown.state === "ready" && shown.value !== null && (read === null || read.time < shown.value.time);
  return isOlder ? shown : { state: "ready", value: read };
}

/**
 * Reads until the gateway and its database are there to answer.
 * @param onAway called each time that they are not
 * @throws what else is wrong, and the reason of the signal
 */
export async function readWhenThere<T>(read: () => Promise<T>, signal: AbortSignal, onAway?: (error: unknown) => void): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof GatewayError) || ![0, 429, 503].includes(error.status)) throw error;
      onAway?.(error);
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    signal.throwIfAborted();
  }
}
