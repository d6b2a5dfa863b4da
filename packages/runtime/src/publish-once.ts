import { type MessageDefinition, type Payload, type SubjectParameters, subjectOf } from "@tickfleet/contracts/message";
import { type Bus, PublishRefusedError } from "./bus.ts";

/**
 * Stores a message under an id. Where the stream holds one of that id already, within its window, nothing is added and that is
 * success: ids must be functions of the content.
 * @throws PublishUnknownError where no answer came
 */
export async function publishOnce<Definition extends MessageDefinition>(
  bus: Bus,
  definition: Definition,
  parameters: SubjectParameters,
  id: string,
  payload: Payload<Definition>,
): Promise<void> {
  const data = new TextEncoder().encode(JSON.stringify(payload));
  try {
    await bus.publishBatch([{ subject: subjectOf(definition, parameters), headers: { "Nats-Msg-Id": id }, data }]);
  } catch (error) {
    if (!(error instanceof PublishRefusedError)) throw error;
  }
}
