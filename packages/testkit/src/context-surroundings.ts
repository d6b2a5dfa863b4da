import { join } from "node:path";
import { filterOf, type MessageDefinition, type Payload } from "@tickfleet/contracts/message";
import { viewGrants } from "@tickfleet/contracts/view-grants";
import { migrate } from "@tickfleet/database/migrator";
import { schemaOf } from "@tickfleet/database/roles";
import { projectRoot } from "@tickfleet/local/folders";
import { type Bus, openBus } from "@tickfleet/runtime/bus";
import { openOrderedReader } from "@tickfleet/runtime/ordered-reader";
import { provisionStreams } from "@tickfleet/runtime/provision";
import { startDatabase, type TestDatabase } from "./database.ts";
import { startNats, type TestNats } from "./nats.ts";

/** A message of CONTEXT as it is stored. */
export interface PublishedContext<Definition extends MessageDefinition> {
  subject: string;
  /** Header Nats-Msg-Id. */
  id: string;
  payload: Payload<Definition>;
}

/** Broker and database of one test of a service that publishes context. */
export interface ContextSurroundings<Definition extends MessageDefinition> extends AsyncDisposable {
  nats: TestNats;
  database: TestDatabase;
  bus: Bus;
  /** Addresses of both, for a process. */
  env: Record<string, string>;
  /** What CONTEXT holds of this kind, in order, each valid by its schema. */
  published(): Promise<PublishedContext<Definition>[]>;
}

/** Starts both, with the streams and the schemas of these services. */
export async function openContextSurroundings<Definition extends MessageDefinition>(
  services: readonly string[],
  definition: Definition,
): Promise<ContextSurroundings<Definition>> {
  const nats = await startNats();
  const database = await startDatabase();
  const bus = await openBus({ url: nats.url, name: "test" });
  await provisionStreams(bus);
  for (const service of services) {
    const own = `${schemaOf(service)}.`;
    const grants = viewGrants.map(({ reader, views }) => ({ reader, views: views.filter((view) => view.startsWith(own)) }));
    await migrate({ url: database.url, service, folder: join(projectRoot, "services", service, "migrations"), grants });
  }

  async function published(): Promise<PublishedContext<Definition>[]> {
    const found: PublishedContext<Definition>[] = [];
    const { firstSeq, lastSeq } = await bus.streamPosition("CONTEXT");
    if (lastSeq < firstSeq) return found;
    const reader = await openOrderedReader(bus, "CONTEXT", firstSeq, [filterOf(definition)]);
    for (let read = 0; read < lastSeq; ) {
      const messages = await reader.take(1_000, 10_000);
      if (messages.length === 0) throw new Error(`CONTEXT ends at ${lastSeq}, and nothing came after ${read} within 10 s`);
      for (const { subject, data, id, seq } of messages) {
        const payload = definition.schema.parse(JSON.parse(Buffer.from(data).toString())) as Payload<Definition>;
        found.push({ subject, id, payload });
        read = seq;
      }
    }
    await reader.close();
    return found;
  }

  return {
    nats,
    database,
    bus,
    env: { NATS_URL: nats.url, DATABASE_URL: database.url, LOG_LEVEL: "info" },
    published,
    async [Symbol.asyncDispose]() {
      await bus.close();
      await database.close();
      await nats.close();
    },
  };
}
