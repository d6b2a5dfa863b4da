import { deadLetter } from "@tickfleet/contracts/dead-letter-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import type { Bus } from "./bus.ts";
import type { InputMessage } from "./ordered-reader.ts";

const KEPT_HEADERS = ["Nats-Msg-Id", "Dlq-Retry"];

/** Stores a message that could not be processed among the dead letters, as it was, with the reason. */
export async function publishDeadLetter(
  bus: Bus,
  service: string,
  stream: string,
  message: InputMessage,
  kind: "invalid" | "fault",
  error: string,
): Promise<void> {
  const payload = {
    service,
    stream,
    streamSeq: message.seq,
    subject: message.subject,
    headers: Object.fromEntries(KEPT_HEADERS.map((name) => [name, message.header(name)]).filter(([, value]) => value !== "")),
    payload: Buffer.from(message.data).toString("base64"),
    kind,
    error,
    time: Date.now(),
  };
  await bus
    .publishBatch([
      {
        subject: subjectOf(deadLetter, { service, stream }),
        headers: { "Nats-Msg-Id": `dlq:${service}:${stream}:${message.seq}:${message.id}` },
        data: new TextEncoder().encode(JSON.stringify(payload)),
      },
    ])
    .catch((failure: unknown) => {
      if (failure instanceof Error && failure.name === "PublishRefusedError") return; // stored before
      throw failure;
    });
}
