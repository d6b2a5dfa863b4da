import { randomUUID } from "node:crypto";
import { jetstreamManager } from "@nats-io/jetstream";
import { headers as createHeaders, type Msg, type MsgHdrs, type NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { type MessageDefinition, type SubjectParameters, subjectOf } from "@tickfleet/contracts/message";
import { listLast, listMessages } from "./stream-lookup.ts";

/** A message to be stored: where, with which headers, what. */
export interface OutgoingMessage {
  subject: string;
  headers: Readonly<Record<string, string>>;
  data: Uint8Array;
}

/** A message as a stream holds it. */
export interface StoredMessage {
  seq: number;
  subject: string;
  headers: MsgHdrs | undefined;
  data: Uint8Array;
}

export interface StreamPosition {
  /** When this incarnation of the stream was made, as the broker writes it. */
  created: string;
  firstSeq: number;
  lastSeq: number;
  /** The broker's time when it said so, epoch milliseconds. */
  timeMs: number;
}

/** Most messages in one atomic batch; the broker's limit. */
export const MAX_ATOMIC_BATCH = 1000;

const MOST_LAST = 1_000;
const REQUEST_TIMEOUT_MS = 5_000;
const JETSTREAM_ERROR_NOT_FOUND = 404;
const ERROR_WRONG_LAST_SEQUENCE = 10071;
const ERROR_WRONG_LAST_SEQUENCE_CONSTANT = 10164;
const ERROR_DUPLICATE_IN_BATCH = 10201;

export class StreamMissingError extends Error {
  override name = "StreamMissingError";
}

/** The broker refused a publish because the stream is not where the publisher believed it to be. */
export class PublishRefusedError extends Error {
  override name = "PublishRefusedError";
}

/** No answer came: the messages may or may not be stored. */
export class PublishUnknownError extends Error {
  override name = "PublishUnknownError";
}

/** The one way to the broker. */
export interface Bus {
  readonly connection: NatsConnection;
  /** Counts reconnects; a reader checks its position again when it has changed. */
  readonly reconnects: () => number;
  close(): Promise<void>;
  publishCore(definition: MessageDefinition, parameters: SubjectParameters, payload: object): void;
  subscribeCore(subject: string, onMessage: (subject: string, data: Uint8Array, headers: MsgHdrs | undefined) => void): () => void;
  /** @throws StreamMissingError */
  streamPosition(stream: string): Promise<StreamPosition>;
  getMessage(stream: string, seq: number): Promise<StoredMessage | null>;
  /** Newest message that matches the filter. */
  getLast(stream: string, subjectFilter: string): Promise<StoredMessage | null>;
  /** Up to `most` (at most 1,000) messages from a sequence on, in order; of one subject filter, or all where it is null. */
  listMessages(stream: string, fromSeq: number, subjectFilter: string | null, most: number): Promise<StoredMessage[]>;
  /** Newest message of each subject that matches the filter, up to 1,000. */
  listLast(stream: string, subjectFilter: string): Promise<StoredMessage[]>;
  /**
   * Stores 1 to 1,000 messages in order, all or none, and resolves with the sequence of the last.
   * @throws PublishRefusedError, PublishUnknownError
   */
  publishBatch(messages: readonly OutgoingMessage[]): Promise<{ lastSeq: number }>;
}

export interface BusOptions {
  url: string;
  name: string;
  user?: string | undefined;
  password?: string | undefined;
  /** Called with connection events worth a log line. */
  onStatus?: (event: string, detail: string) => void;
  /** Called with messages that the broker has stored. */
  onStored?: (messages: readonly OutgoingMessage[]) => void;
}

/** Connects, waiting for a broker that is not there yet. */
export async function openBus(options: BusOptions): Promise<Bus> {
  const connection = await connect({
    servers: options.url,
    name: options.name,
    ...(options.user === undefined ? {} : { user: options.user }),
    ...(options.password === undefined ? {} : { pass: options.password }),
    inboxPrefix: `_INBOX_${options.name}`,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    pingInterval: 5_000,
    maxPingOut: 2,
    ignoreClusterUpdates: true,
  });
  let reconnects = 0;
  void watchStatus();
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const direct = manager.direct;

  return {
    connection,
    reconnects: () => reconnects,
    close: async () => {
      if (!connection.isClosed()) await connection.drain();
    },
    publishCore: (definition, parameters, payload) => {
      if (!connection.isClosed()) connection.publish(subjectOf(definition, parameters), JSON.stringify(payload));
    },
    subscribeCore: (subject, onMessage) => {
      const subscription = connection.subscribe(subject, {
        callback: (error, message) => {
          if (error === null) onMessage(message.subject, message.data, message.headers);
        },
      });
      return () => subscription.unsubscribe();
    },
    streamPosition: (stream) => readPosition(stream),
    getMessage: (stream, seq) => read(() => direct.getMessage(stream, { seq })),
    getLast: (stream, subjectFilter) => read(() => direct.getMessage(stream, { last_by_subj: subjectFilter })),
    listMessages: (stream, fromSeq, subjectFilter, most) => listMessages(direct, stream, fromSeq, subjectFilter, most),
    listLast: (stream, subjectFilter) => listLast(direct, stream, subjectFilter, MOST_LAST),
    publishBatch: async (messages) => {
      const answer = await publishBatch(connection, messages);
      options.onStored?.(messages);
      return answer;
    },
  };

  async function watchStatus(): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === "reconnect") reconnects += 1;
      if (status.type === "disconnect" || status.type === "reconnect" || status.type === "error") {
        options.onStatus?.(status.type, "error" in status ? String(status.error) : "server" in status ? String(status.server) : "");
      }
    }
  }

  async function readPosition(stream: string): Promise<StreamPosition> {
    try {
      const info = await manager.streams.info(stream);
      return { created: info.created, firstSeq: info.state.first_seq, lastSeq: info.state.last_seq, timeMs: timeOf(info.ts) };
    } catch (error) {
      if (isNotFound(error)) throw new StreamMissingError(`stream ${stream} does not exist: run the provisioner`, { cause: error });
      throw error;
    }
  }

  async function read(
    get: () => Promise<{ seq: number; subject: string; header: MsgHdrs; data: Uint8Array } | null>,
  ): Promise<StoredMessage | null> {
    try {
      const message = await get();
      return message === null ? null : { seq: message.seq, subject: message.subject, headers: message.header, data: message.data };
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  }
}

async function publishBatch(connection: NatsConnection, messages: readonly OutgoingMessage[]): Promise<{ lastSeq: number }> {
  const count = messages.length;
  if (count === 0 || count > MAX_ATOMIC_BATCH) throw new RangeError(`a batch holds 1..${MAX_ATOMIC_BATCH} messages, not ${count}`);
  const batchId = count > 1 ? randomUUID() : null;
  const last = messages[count - 1] as OutgoingMessage;
  let reply: Msg;
  try {
    for (let i = 0; i < count - 1; i++) {
      const message = messages[i] as OutgoingMessage;
      connection.publish(message.subject, message.data, { headers: headersOf(message, batchId, i + 1, false) });
    }
    reply = await connection.request(last.subject, last.data, {
      headers: headersOf(last, batchId, count, true),
      timeout: REQUEST_TIMEOUT_MS,
    });
  } catch (error) {
    throw new PublishUnknownError(`no answer to a publish of ${count} messages on ${last.subject}`, { cause: error });
  }
  const ack = reply.json<{ seq?: number; count?: number; duplicate?: boolean; error?: { err_code: number; description: string } }>();
  if (ack.error) {
    const refused = [ERROR_WRONG_LAST_SEQUENCE, ERROR_WRONG_LAST_SEQUENCE_CONSTANT, ERROR_DUPLICATE_IN_BATCH].includes(ack.error.err_code);
    const text = `publish on ${last.subject}: ${ack.error.description} (${ack.error.err_code})`;
    throw refused ? new PublishRefusedError(text) : new PublishUnknownError(text);
  }
  if (ack.seq === undefined || (batchId !== null && ack.count !== count)) {
    throw new PublishUnknownError(`publish on ${last.subject}: unexpected answer ${reply.string()}`);
  }
  if (ack.duplicate) throw new PublishRefusedError(`publish on ${last.subject}: the broker already holds this message id`);
  return { lastSeq: ack.seq };
}

function headersOf(message: OutgoingMessage, batchId: string | null, position: number, commit: boolean): MsgHdrs {
  const headers = createHeaders();
  for (const [name, value] of Object.entries(message.headers)) headers.set(name, value);
  if (batchId !== null) {
    headers.set("Nats-Batch-Id", batchId);
    headers.set("Nats-Batch-Sequence", String(position));
    if (commit) headers.set("Nats-Batch-Commit", "1");
  }
  return headers;
}

/** Every broker that the fleet runs on stamps its answers. */
function timeOf(ts: string | undefined): number {
  const timeMs = ts === undefined ? Number.NaN : Date.parse(ts);
  if (Number.isNaN(timeMs)) throw new RangeError(`expected the broker's time in its answer, found ${String(ts)}`);
  return timeMs;
}

function isNotFound(error: unknown): boolean {
  const candidate = error as { code?: number; status?: number; name?: string; message?: string };
  return (
    candidate.code === JETSTREAM_ERROR_NOT_FOUND ||
    candidate.status === JETSTREAM_ERROR_NOT_FOUND ||
    candidate.name === "StreamNotFoundError" ||
    /not found/i.test(candidate.message ?? "")
  );
}
