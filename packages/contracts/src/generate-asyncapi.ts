import { bareSchema, type JsonSchema, schemaId } from "./generate-schemas.ts";
import type { MessageDefinition } from "./message.ts";
import { liveTemplate, messages, type StreamDefinition, streams } from "./registry.ts";
import { describeParameters, documentName, serviceAsked } from "./subject-parameters.ts";

const TOKEN_RULE =
  "Every parameter is one reversible token: letters, digits and `-` stay, any other byte of its UTF-8 form becomes `_` and two upper hex digits (`BTC/USDT` is `BTC_2FUSDT`).";
const READER_RULE = "Readers ignore fields that they do not know; a breaking change gets a new version in the subject.";

/** Headers that the server adds when it repeats a stored message under `live.v1`. */
const LIVE_HEADERS: JsonSchema = {
  type: "object",
  properties: {
    "Nats-Stream": { type: "string", description: "the stream that stores the message" },
    "Nats-Subject": { type: "string", description: "the subject under which it is stored" },
    "Nats-Sequence": { type: "string", description: "its sequence in that stream" },
    "Nats-Last-Sequence": {
      type: "string",
      description: "sequence of the message before it on the same stored subject: one that you have not seen is a gap",
    },
  },
};

/** The AsyncAPI 3.1 document of the bus: what the fleet sends, and where. */
export function asyncApiDocument(): Record<string, unknown> {
  const channels: Record<string, unknown> = {};
  const operations: Record<string, unknown> = {};
  const componentMessages: Record<string, unknown> = {};
  const schemas: Record<string, unknown> = {};

  for (const definition of messages) {
    const name = documentName(definition);
    schemas[name] = payloadSchema(definition);
    componentMessages[name] = message(definition, null);
    channels[name] = channel(definition, definition.template, name, storedFacts(definition));
    operations[`${serviceAsked(definition) === null ? "send" : "receive"}${capital(name)}`] = operation(definition, name, name);

    const live = liveTemplate(definition);
    if (live === null) continue;
    const liveName = `live${capital(name)}`;
    componentMessages[liveName] = message(definition, LIVE_HEADERS);
    channels[liveName] = channel(definition, live, liveName, {
      republishedFrom: definition.stream,
      writer: "the NATS server alone",
      delivery: "at most once, stored messages only",
    });
    operations[`send${capital(liveName)}`] = operation(definition, liveName, liveName);
  }

  return {
    asyncapi: "3.1.0",
    info: {
      title: "Tickfleet",
      version: "1.0.0",
      description: `Raw trades in, exact candles out, on NATS. ${TOKEN_RULE} ${READER_RULE}`,
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    defaultContentType: "application/json",
    servers: { local: { host: "127.0.0.1:4222", protocol: "nats", description: "The fleet that `npm start` brings up." } },
    channels,
    operations,
    components: { messages: componentMessages, schemas },
  };
}

function channel(definition: MessageDefinition, address: string, name: string, facts: Record<string, unknown>): Record<string, unknown> {
  const parameters: Record<string, unknown> = {};
  for (const { name: parameter, summary, values, example } of describeParameters(address)) {
    parameters[parameter] = { description: summary, ...(values === null ? { examples: [example] } : { enum: values }) };
  }
  return {
    address,
    summary: definition.summary,
    parameters,
    messages: { [name]: { $ref: `#/components/messages/${name}` } },
    "x-nats": facts,
  };
}

function operation(definition: MessageDefinition, channelName: string, messageName: string): Record<string, unknown> {
  return {
    action: serviceAsked(definition) === null ? "send" : "receive",
    channel: { $ref: `#/channels/${channelName}` },
    messages: [{ $ref: `#/channels/${channelName}/messages/${messageName}` }],
    "x-owner": definition.owner,
  };
}

function message(definition: MessageDefinition, headers: JsonSchema | null): Record<string, unknown> {
  return {
    name: definition.name,
    title: definition.name,
    summary: definition.summary,
    contentType: "application/json",
    ...(headers === null ? {} : { headers }),
    payload: { $ref: `#/components/schemas/${documentName(definition)}` },
    "x-schema-id": schemaId(definition),
  };
}

function payloadSchema(definition: MessageDefinition): JsonSchema {
  const { $schema: _, ...schema } = bareSchema(definition, "draft-07");
  return schema;
}

function storedFacts(definition: MessageDefinition): Record<string, unknown> {
  const stream = streams.find((candidate) => candidate.name === definition.stream);
  const service = serviceAsked(definition);
  if (service !== null) return { stream: null, delivery: `request and reply: ${service} answers to the reply subject` };
  if (stream === undefined) return { stream: null, delivery: "at most once: core NATS, stored nowhere" };
  return streamFacts(stream);
}

function streamFacts(stream: StreamDefinition): Record<string, unknown> {
  return {
    stream: stream.name,
    subjects: stream.subjects,
    retention: "limits",
    storage: "file",
    compression: "s2",
    maxAgeMs: stream.maxAgeMs,
    maxBytes: stream.maxBytes,
    duplicateWindowMs: stream.duplicateWindowMs,
    atomicBatches: stream.allowAtomic,
    ordering: "per partition",
    republish: stream.republish,
  };
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
