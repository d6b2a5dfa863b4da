import { type MessageDefinition, type Payload, subjectOf } from "@tickfleet/contracts/message";
import type { z } from "zod";
import type { Bus } from "./bus.ts";

/** Nobody answered a request in time; it may have been followed all the same. */
export class NoAnswerError extends Error {
  override name = "NoAnswerError";
}

const encoder = new TextEncoder();

/**
 * Sends a command and resolves with the answer.
 * @param timeoutMs time for the answer
 * @throws NoAnswerError where nobody is there or no answer came in time; Error where the answer is not as its schema says
 */
export async function request<D extends MessageDefinition, Reply extends z.ZodType>(
  bus: Bus,
  definition: D,
  payload: Payload<D>,
  replySchema: Reply,
  timeoutMs: number,
): Promise<z.infer<Reply>> {
  let answer: unknown;
  try {
    const message = await bus.connection.request(subjectOf(definition, {}), encoder.encode(JSON.stringify(payload)), {
      timeout: timeoutMs,
    });
    answer = message.json();
  } catch (cause) {
    throw new NoAnswerError(`nobody answered ${definition.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  const parsed = replySchema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new Error(`the answer to ${definition.name} is not as its schema says: ${parsed.error.issues[0]?.message ?? ""}`);
}
