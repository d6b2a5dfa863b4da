import { setTimeout as sleep } from "node:timers/promises";
import { RequestError } from "@nats-io/nats-core";
import { type MessageDefinition, type Payload, subjectOf } from "@tickfleet/contracts/message";
import type { z } from "zod";
import type { Bus } from "./bus.ts";

/** Nobody answered a request in time; it may have been followed all the same. */
export class NoAnswerError extends Error {
  override name = "NoAnswerError";
}

const encoder = new TextEncoder();
/** Time between two attempts while nobody is there: a service that starts again answers soon. */
const ABSENT_WAIT_MS = 200;

/**
 * Sends a command and resolves with the answer.
 * @param timeoutMs time for the answer, and for somebody to be there
 * @throws NoAnswerError where nobody is there or no answer came in time; Error where the answer is not as its schema says
 */
export async function request<D extends MessageDefinition, Reply extends z.ZodType>(
  bus: Bus,
  definition: D,
  payload: Payload<D>,
  replySchema: Reply,
  timeoutMs: number,
): Promise<z.infer<Reply>> {
  const parsed = replySchema.safeParse(await ask(bus, definition, encoder.encode(JSON.stringify(payload)), timeoutMs));
  if (parsed.success) return parsed.data;
  throw new Error(`the answer to ${definition.name} is not as its schema says: ${parsed.error.issues[0]?.message ?? ""}`);
}

async function ask(bus: Bus, definition: MessageDefinition, data: Uint8Array, timeoutMs: number): Promise<unknown> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return (await bus.connection.request(subjectOf(definition, {}), data, { timeout: timeoutMs })).json();
    } catch (cause) {
      // without a listener nothing was sent: it can be sent again
      const isAbsent = cause instanceof RequestError && cause.isNoResponders();
      if (!isAbsent || performance.now() + ABSENT_WAIT_MS > deadline) {
        throw new NoAnswerError(`nobody answered ${definition.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      }
      await sleep(ABSENT_WAIT_MS);
    }
  }
}
