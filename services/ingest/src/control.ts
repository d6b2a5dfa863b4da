import { deadLetterRetryCommand, ingestStatusCommand, replayCommand } from "@tickfleet/contracts/control-messages";
import { type MessageDefinition, type Payload, subjectOf } from "@tickfleet/contracts/message";
import type { Bus } from "@tickfleet/runtime/bus";
import type { Logger } from "@tickfleet/runtime/logger";
import { SourceFileError } from "@tickfleet/venues/source";

const decoder = new TextDecoder();

/** What ingest does on command. */
export interface Commands {
  replay(command: Payload<typeof replayCommand>): Promise<object>;
  status(command: Payload<typeof ingestStatusCommand>): Promise<object>;
  deadLetterRetry(command: Payload<typeof deadLetterRetryCommand>): Promise<object>;
}

/** Answers commands over core NATS; returns what ends that. */
export function answerCommands(bus: Bus, logger: Logger, commands: Commands): () => void {
  const stops = [
    answer(bus, logger, replayCommand, (command) => commands.replay(command)),
    answer(bus, logger, ingestStatusCommand, (command) => commands.status(command)),
    answer(bus, logger, deadLetterRetryCommand, (command) => commands.deadLetterRetry(command)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function answer<D extends MessageDefinition>(
  bus: Bus,
  logger: Logger,
  definition: D,
  act: (command: Payload<D>) => Promise<object>,
): () => void {
  const subscription = bus.connection.subscribe(subjectOf(definition, {}), {
    callback: (error, message) => {
      if (error === null) void reply(message.data).then((answer) => message.respond(JSON.stringify(answer)));
    },
  });
  return () => subscription.unsubscribe();

  async function reply(data: Uint8Array): Promise<object> {
    try {
      const parsed = definition.schema.safeParse(JSON.parse(decoder.decode(data)));
      if (parsed.success) return await act(parsed.data as Payload<D>);
      const fault = parsed.error.issues[0];
      return { error: `${definition.name}: ${fault?.path.join(".") || "the command"}: ${fault?.message ?? "is not as its schema says"}` };
    } catch (error) {
      const { message } = error as Error;
      // an error is logged with all its causes, and those of a file say the same again
      if (error instanceof SourceFileError || error instanceof RangeError) logger.warn({ command: definition.name }, `refused: ${message}`);
      else logger.warn({ err: error, command: definition.name }, "a command could not be followed");
      return { error: message };
    }
  }
}
