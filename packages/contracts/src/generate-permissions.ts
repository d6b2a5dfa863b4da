import type { MessageDefinition, ServiceName, StreamName } from "./message.ts";
import { messages, type StreamDefinition, streams } from "./registry.ts";
import { serviceAsked } from "./subject-parameters.ts";

/** What a user may do: only what is listed in `allow`, less what is in `deny`. */
export interface SubjectPermission {
  allow: readonly string[];
  deny: readonly string[];
}

/** One user of the broker. The password is in the environment variable, never in a file. */
export interface UserPermissions {
  user: string;
  account: "FLEET" | "PUBLIC";
  summary: string;
  passwordVariable: string;
  /** Replies reach this user here, and nobody else may listen. */
  inboxPrefix: string;
  publish: SubjectPermission;
  subscribe: SubjectPermission;
  /** Whether it may answer what it was asked, on the asker's reply subject. */
  answers: boolean;
}

/** Namespaces of users without stream rights. */
export const PUBLIC_SUBJECTS: readonly string[] = ["live.v1.>", "forming.v1.>"];

interface Reads {
  /** Streams that the service reads in order. */
  consumes: readonly StreamName[];
  /** Streams in which it looks up single messages and positions. */
  looksUp: readonly StreamName[];
  /** Core subjects that it listens to. */
  listens: readonly string[];
}

/** What each service reads; what it may write follows from the owners in the registry. */
const READS: Readonly<Record<ServiceName, Reads>> = {
  ingest: { consumes: ["MARKET"], looksUp: ["MARKET", "DLQ"], listens: [] },
  aggregator: { consumes: ["MARKET", "CANDLES"], looksUp: ["MARKET", "CANDLES"], listens: [] },
  // at a rebuild it reads what it published before
  indicator: { consumes: ["CANDLES", "ENRICHED"], looksUp: ["CANDLES", "ENRICHED"], listens: [] },
  "pattern-detector": {
    consumes: ["ENRICHED", "CONTEXT", "PATTERNS", "SIGNALS"],
    looksUp: ["ENRICHED", "CONTEXT", "PATTERNS", "SIGNALS"],
    listens: [],
  },
  sentiment: { consumes: [], looksUp: ["CONTEXT"], listens: [] },
  "futures-collector": { consumes: [], looksUp: ["CONTEXT"], listens: [] },
  api: { consumes: [], looksUp: ["MARKET", "CANDLES", "ENRICHED", "PATTERNS", "SIGNALS", "CONTEXT", "DLQ"], listens: PUBLIC_SUBJECTS },
};

const SUMMARIES: Readonly<Record<ServiceName, string>> = {
  ingest: "Writes the input log and reads it back to record it.",
  aggregator: "Reads the input log, writes candles; a rebuild reads which of them are stored already.",
  indicator: "Reads candles, writes them with their indicators; a rebuild reads which of them are stored already.",
  "pattern-detector": "Reads enriched candles and context, writes patterns and signals; a rebuild reads which of them are stored already.",
  sentiment: "Writes what news and social media say.",
  "futures-collector": "Writes open interest, funding and mark prices.",
  api: "The gateway: listens and looks up, writes nothing.",
};

/** Every user of the broker with all that it may do. */
export function userPermissions(): UserPermissions[] {
  const services = (Object.keys(READS) as ServiceName[]).map(servicePermissions);
  return [...services, operator(), provisioner(), viewer()];
}

function servicePermissions(service: ServiceName): UserPermissions {
  const reads = READS[service];
  return {
    user: service,
    account: "FLEET",
    summary: SUMMARIES[service],
    passwordVariable: passwordVariable(service),
    inboxPrefix: `_INBOX_${service}`,
    publish: {
      allow: [
        ...ownedSubjects(service),
        ...deadLetterSubjects(service),
        ...reads.looksUp.flatMap(lookUpApi),
        ...reads.consumes.flatMap(consumeApi),
      ],
      deny: [],
    },
    subscribe: { allow: [...requests(service), ...reads.listens, `_INBOX_${service}.>`], deny: [] },
    answers: requests(service).length > 0,
  };
}

/** Subjects of the requests that the service answers. */
function requests(service: ServiceName): string[] {
  return messages.filter((definition) => serviceAsked(definition) === service).map((definition) => definition.template);
}

/** Subjects of the streams whose messages all belong to the service, and of its unstored messages. */
function ownedSubjects(service: ServiceName): string[] {
  const stored = streams.filter((stream) => soleWriter(stream) === service).flatMap((stream) => stream.subjects);
  const unstored = messages.filter((definition) => definition.stream === null && definition.owner === service).map(classSubjects);
  const shared = messages.filter(
    (definition) => definition.stream !== null && definition.owner === service && !isSole(definition, service),
  );
  return [...stored, ...shared.map(classSubjects), ...unstored];
}

/** Whether everything in the message's stream is the service's. */
function isSole(definition: MessageDefinition, service: ServiceName): boolean {
  const stream = streams.find(({ name }) => name === definition.stream);
  return stream !== undefined && soleWriter(stream) === service;
}

/** The owner of everything in a stream, null where several services write to it. */
function soleWriter(stream: StreamDefinition): MessageDefinition["owner"] | null {
  const owners = new Set(messages.filter((definition) => definition.stream === stream.name).map((definition) => definition.owner));
  const [owner] = owners;
  return owners.size === 1 && owner !== undefined && owner !== "all" ? owner : null;
}

/** Only who consumes has something to put aside, and each only under its own name. */
function deadLetterSubjects(service: ServiceName): string[] {
  if (READS[service].consumes.length === 0) return [];
  const shared = messages.filter((definition) => definition.owner === "all" && definition.template.includes("{service}"));
  return shared.map((definition) => upToFirstParameter(definition.template.replace("{service}", service)));
}

function classSubjects(definition: MessageDefinition): string {
  return upToFirstParameter(definition.template);
}

/** `forming.v1.candle.{venue}.{instrument}` -> `forming.v1.candle.>` */
function upToFirstParameter(template: string): string {
  return template.replace(/\{.*$/, ">");
}

function lookUpApi(stream: StreamName): string[] {
  return [`$JS.API.STREAM.INFO.${stream}`, `$JS.API.DIRECT.GET.${stream}`, `$JS.API.DIRECT.GET.${stream}.>`];
}

function consumeApi(stream: StreamName): string[] {
  return [
    // an ordered reader with several filters is made without a name
    `$JS.API.CONSUMER.CREATE.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.>`,
    `$JS.API.CONSUMER.DELETE.${stream}.*`,
    `$JS.API.CONSUMER.INFO.${stream}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
  ];
}

/** Whoever runs the command line: sends requests to the services, looks everything up. */
function operator(): UserPermissions {
  const asks = messages.filter((definition) => serviceAsked(definition) !== null).map((definition) => definition.template);
  return {
    user: "operator",
    account: "FLEET",
    summary: "The command line: asks the services, listens and looks up.",
    passwordVariable: passwordVariable("operator"),
    inboxPrefix: "_INBOX_operator",
    publish: { allow: [...asks, ...streams.flatMap((stream) => lookUpApi(stream.name))], deny: [] },
    subscribe: { allow: [...PUBLIC_SUBJECTS, "_INBOX_operator.>"], deny: [] },
    answers: false,
  };
}

function provisioner(): UserPermissions {
  return {
    user: "provisioner",
    account: "FLEET",
    summary: "Makes and changes streams; publishes nothing.",
    passwordVariable: passwordVariable("provisioner"),
    inboxPrefix: "_INBOX_provisioner",
    publish: { allow: ["$JS.API.INFO", "$JS.API.STREAM.>", "$JS.API.CONSUMER.>"], deny: [] },
    subscribe: { allow: ["_INBOX_provisioner.>"], deny: [] },
    answers: false,
  };
}

function viewer(): UserPermissions {
  return {
    user: "viewer",
    account: "PUBLIC",
    summary: "Anybody outside: receives what is for users, in an account of its own, and sends nothing.",
    passwordVariable: passwordVariable("viewer"),
    inboxPrefix: "_INBOX_viewer",
    publish: { allow: [], deny: [">"] },
    subscribe: { allow: PUBLIC_SUBJECTS, deny: [] },
    answers: false,
  };
}

/** A hyphen would end the name in shells and in compose files. */
function passwordVariable(user: string): string {
  return `NATS_${user.toUpperCase().replaceAll("-", "_")}_PASSWORD`;
}
