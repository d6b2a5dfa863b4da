import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import type { MessageDefinition, ServiceName } from "./message.ts";
import { ALL_PARTITIONS, PARTITIONS } from "./tokens.ts";

/** What a parameter of a subject means, and the values it can take where they are few. */
export interface SubjectParameter {
  name: string;
  summary: string;
  values: readonly string[] | null;
  example: string;
}

const partitions = Array.from({ length: PARTITIONS }, (_, p) => String(p));

const parameters: readonly SubjectParameter[] = [
  {
    name: "p",
    summary: `Partition of the instrument: FNV-1a (32 bit) over venue, a zero byte and instrument, modulo ${PARTITIONS}. \`${ALL_PARTITIONS}\` stands for every partition.`,
    values: partitions,
    example: "1",
  },
  { name: "venue", summary: "Where it was traded, as one token.", values: null, example: "binance" },
  { name: "instrument", summary: "Canonical name of the instrument, as one token.", values: null, example: "BTC-USDT" },
  { name: "timeframe", summary: "Length of the candle.", values: TIMEFRAMES, example: "1m" },
  { name: "connection", summary: "Name of one connection (or file) of a venue, as one token.", values: null, example: "spot-1" },
  {
    name: "provider",
    summary: "Who says it: `fleet` for what real sources say, `demo` for invented ones.",
    values: null,
    example: "fleet",
  },
  { name: "asset", summary: "What it is about, as one token: the base of an instrument's name.", values: null, example: "BTC" },
  { name: "service", summary: "The service that could not process the message.", values: null, example: "aggregator" },
  { name: "stream", summary: "The stream that the message came from.", values: null, example: "MARKET" },
];

/** The parameters in a subject template, in its order; throws RangeError on one that nobody described here. */
export function describeParameters(template: string): SubjectParameter[] {
  return [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
    const parameter = parameters.find((candidate) => candidate.name === name);
    if (parameter === undefined) throw new RangeError(`{${name}} in ${template} is not described in subject-parameters.ts`);
    return parameter;
  });
}

/** The service that answers a request (`ctl.v1.ingest.replay` -> ingest), null for what is no request. */
export function serviceAsked(definition: MessageDefinition): ServiceName | null {
  const [, service] = /^ctl\.v\d+\.([\w-]+)\./.exec(definition.template) ?? [];
  return (service as ServiceName | undefined) ?? null;
}

/** Name of a definition in documents where names are camelCase: `trade-batch` -> `tradeBatch`, a second version `tradeBatchV2`. */
export function documentName(definition: MessageDefinition): string {
  const camel = definition.name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  return definition.version === 1 ? camel : `${camel}V${definition.version}`;
}
