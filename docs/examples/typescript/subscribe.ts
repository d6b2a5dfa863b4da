// Follows Tickfleet from outside: live candles, signals and trades as any NATS client gets them, one line of JSON for each.
//
//   npm install
//   NATS_URL=nats://127.0.0.1:4222 NATS_USER=viewer NATS_PASSWORD=... node subscribe.ts [SUBJECT...]
//
// Node 22.18 or later runs it as it is. A fleet that `npm start` runs asks for no user. Subjects, fields and units: docs/contracts.md.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type MsgHdrs } from "@nats-io/transport-node";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

const schemaFolder = process.env["SCHEMAS"] ?? join(import.meta.dirname, "../../../packages/contracts/generated/schemas");
const given = process.argv.slice(2);
const subjects = given.length > 0 ? given : ["live.v1.candle.*.*.*", "live.v1.signal.>", "live.v1.trade.>"];

interface TradeBatch {
  priceScale: number;
  sizeScale: number;
  eventTimeUs: number[];
  price: number[];
  size: number[];
}

type Keyed = Record<"venue" | "instrument" | "timeframe" | "anchor" | "session", string> & {
  openTime: number;
  revision: number;
  close?: number | null;
  score?: number | null;
};

const validators = readValidators();
/** By subject: the place of the last message in its stream. */
const sequences = new Map<string, number>();
/** By key: the revision that is held. */
const revisions = new Map<string, number>();

const { NATS_URL = "nats://127.0.0.1:4222", NATS_USER: user, NATS_PASSWORD: pass } = process.env;
const connection = await connect({
  servers: NATS_URL,
  ...(user ? { user } : {}),
  ...(pass ? { pass } : {}),
  maxReconnectAttempts: -1,
  reconnectTimeWait: 250,
});
for (const subject of subjects) {
  connection.subscribe(subject, {
    callback: (_error, message) => {
      for (const line of take(message.subject, message.headers, message.string())) process.stdout.write(`${JSON.stringify(line)}\n`);
    },
  });
}
await connection.flush();
process.stderr.write("listening\n");

/** What a message means, as lines to print. */
function* take(subject: string, headers: MsgHdrs | undefined, text: string): Generator<object> {
  const sequence = Number(headers?.get("Nats-Sequence"));
  const before = Number(headers?.get("Nats-Last-Sequence"));
  const held = sequences.get(subject);
  if (held !== undefined && before !== held) yield { kind: "gap", subject, after: held, before: sequence };
  sequences.set(subject, sequence);

  const message: unknown = JSON.parse(text);
  const kind = subject.split(".")[2] as string;
  const validate = validators.get(kind);
  if (validate?.(message) !== true) {
    yield { kind: "invalid", subject, sequence, error: validate?.errors?.[0]?.message ?? "no schema" };
    return;
  }
  if (kind === "trade") {
    const batch = message as TradeBatch;
    const prices = accumulate(batch.price);
    const volume = batch.size.reduce((sum, size) => sum + size, 0) / 10 ** batch.sizeScale;
    const price = (prices.at(-1) as number) / 10 ** batch.priceScale;
    yield { kind, subject, sequence, count: prices.length, volume, time: accumulate(batch.eventTimeUs).at(-1), price };
    return;
  }
  const { venue, instrument, timeframe, anchor, session, openTime, revision, close, score } = message as Keyed;
  const key = [kind, venue, instrument, timeframe, anchor, session, openTime].join(":");
  if (revision <= (revisions.get(key) ?? -1)) return;
  revisions.set(key, revision);
  yield { kind, subject, sequence, key, revision, value: kind === "candle" ? close : score };
}

/** Columns of a batch hold a first value and differences. */
function accumulate(column: readonly number[]): number[] {
  let value = 0;
  return column.map((difference) => {
    value += difference;
    return value;
  });
}

/** A validator per class of message: the third token of the subject that a schema belongs to. */
function readValidators(): Map<string, ValidateFunction> {
  const ajv = new Ajv2020({ strict: false });
  const schemas = readdirSync(schemaFolder).map((name) => JSON.parse(readFileSync(join(schemaFolder, name, "v1.json"), "utf8")));
  const stored = schemas.filter((schema) => schema["x-subject"].startsWith("md.v1."));
  return new Map(stored.map((schema) => [schema["x-subject"].split(".")[2], ajv.compile(schema)]));
}
