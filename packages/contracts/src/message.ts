import type { z } from "zod";
import { ALL_PARTITIONS, decodeToken, encodeToken, partitionOf } from "./tokens.ts";

export type StreamName = "MARKET" | "CANDLES" | "ENRICHED" | "PATTERNS" | "SIGNALS" | "CONTEXT" | "DLQ";
/** All services in the order of the chain. */
export const SERVICE_NAMES = ["ingest", "aggregator", "indicator", "pattern-detector", "sentiment", "futures-collector", "api"] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** Parameters of a subject, by name; every value is text before encoding. */
export type SubjectParameters = Readonly<Record<string, string>>;

/** One kind of message: where it goes, what it holds, who may send it. */
export interface MessageDefinition<Schema extends z.ZodType = z.ZodType> {
  /** Name in schemas, documents and generated files, such as `trade-batch`. */
  name: string;
  /** Major version, the `v1` of the subject. */
  version: number;
  /**
   * Subject with parameters in braces. `{p}` is the partition, always computed from venue and
   * instrument; a template without it is for all partitions or unpartitioned.
   */
  template: string;
  /** null: core NATS only, kept in no stream. */
  stream: StreamName | null;
  owner: ServiceName | "all";
  summary: string;
  schema: Schema;
}

export function defineMessage<Schema extends z.ZodType>(definition: MessageDefinition<Schema>): MessageDefinition<Schema> {
  return definition;
}

export type Payload<D> = D extends MessageDefinition<infer Schema> ? z.infer<Schema> : never;

/** The subject of a message; throws RangeError where a parameter is missing. */
export function subjectOf(definition: MessageDefinition, parameters: SubjectParameters): string {
  return definition.template.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (name === "p") return String(partitionOf(need(parameters, "venue"), need(parameters, "instrument")));
    return encodeToken(need(parameters, name));
  });

  function need(from: SubjectParameters, name: string): string {
    const value = from[name];
    if (value === undefined) throw new RangeError(`subject of ${definition.name} needs {${name}}`);
    return value;
  }
}

/** The parameters in a subject of this definition, null where the subject is another message's. */
export function parametersOf(definition: MessageDefinition, subject: string): Record<string, string> | null {
  const expected = definition.template.split(".");
  const tokens = subject.split(".");
  if (tokens.length !== expected.length) return null;
  const parameters: Record<string, string> = {};
  for (const [i, part] of expected.entries()) {
    const token = tokens[i] as string;
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) {
      if (part !== token) return null;
    } else {
      parameters[name] = decodeToken(token);
    }
  }
  return parameters;
}

/** Subject filter for a definition: parameters given are fixed, the others are wildcards. */
export function filterOf(definition: MessageDefinition, parameters: SubjectParameters = {}): string {
  return definition.template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = parameters[name];
    if (value !== undefined) return encodeToken(value);
    return name === "p" && parameters["venue"] !== undefined && parameters["instrument"] !== undefined
      ? String(partitionOf(parameters["venue"], parameters["instrument"]))
      : "*";
  });
}

/** Class token of a subject, such as `trade` in `md.v1.trade.3.binance.BTC-USDT`. */
export function classOf(subject: string): string {
  return subject.split(".", 3)[2] ?? "";
}

/** Partition in a stored subject; `all` for clocks and status. */
export function partitionInSubject(subject: string): number | typeof ALL_PARTITIONS {
  const token = subject.split(".", 4)[3] ?? "";
  return token === ALL_PARTITIONS ? ALL_PARTITIONS : Number(token);
}

/** Filter for everything that the chain's streams store, of any version: a reader must see what it cannot read. */
export const STORED_SUBJECTS = "md.>";

/** Filters for the reader of these partitions of a stream: the partitions themselves, and what is for all, of any version. */
export function partitionFilters(partitions: readonly number[]): string[] {
  return [...partitions.map(partitionFilter), `md.*.*.${ALL_PARTITIONS}.>`];
}

/** All subjects of one partition in a stored stream, of any version, for the broker's expected-sequence check. */
export function partitionFilter(partition: number): string {
  return `md.*.*.${partition}.>`;
}
