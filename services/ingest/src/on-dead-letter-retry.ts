import { DLQ_RETRY_HEADER, type deadLetterRetryCommand, type deadLetterRetryReplySchema } from "@tickfleet/contracts/control-messages";
import { deadLetter } from "@tickfleet/contracts/dead-letter-messages";
import type { Payload } from "@tickfleet/contracts/message";
import type { Bus } from "@tickfleet/runtime/bus";
import type { z } from "zod";
import type { Spool } from "./spool.ts";

const SOURCE = "dead-letter-retry";
const decoder = new TextDecoder();

/** Sends dead letters of MARKET there again, marked with the sequence that they had. */
export async function onDeadLetterRetry(
  command: Payload<typeof deadLetterRetryCommand>,
  bus: Pick<Bus, "getMessage">,
  spool: Spool,
): Promise<z.infer<typeof deadLetterRetryReplySchema>> {
  const skipped: { dlqSeq: number; reason: string }[] = [];
  let retried = 0;
  for (const dlqSeq of command.dlqSeqs) {
    const stored = await bus.getMessage("DLQ", dlqSeq);
    const letter = stored === null ? null : deadLetter.schema.safeParse(JSON.parse(decoder.decode(stored.data)));
    if (letter === null) skipped.push({ dlqSeq, reason: "no dead letter at this sequence" });
    else if (!letter.success) skipped.push({ dlqSeq, reason: "not a dead letter" });
    else if (letter.data.stream !== "MARKET") skipped.push({ dlqSeq, reason: `came from stream ${letter.data.stream}` });
    else {
      const { subject, payload, streamSeq } = letter.data;
      spool.append(SOURCE, 0, { subject, data: Buffer.from(payload, "base64") }, { [DLQ_RETRY_HEADER]: String(streamSeq) });
      retried += 1;
    }
  }
  spool.commit();
  return { retried, skipped };
}
