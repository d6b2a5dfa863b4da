import { classOf } from "../../packages/contracts/src/message.ts";
import { createBatchColumns, decodeTradeBatch } from "../../packages/contracts/src/trade-batch.ts";
import type { Bus } from "../../packages/runtime/src/bus.ts";
import { openOrderedReader } from "../../packages/runtime/src/ordered-reader.ts";
import type { FleetUnderTest } from "./fleet-under-test.ts";

/** Everything that a run leaves behind, to be held against another run's. */
export interface Ledger {
  /** Rows of the stages' views, as text, in key order. */
  tables: Map<string, string[]>;
  /** Recorded trades: per instrument, epoch and thousand of sequences their number and a hash of all their columns. */
  trades: string[];
  /** Number of recorded trades. */
  recorded: number;
  /** Identities that are recorded more than once. */
  doubled: number;
  gaps: string[];
  /** Messages of the derived streams by stream and partition: subject, id, payload. */
  outputs: Map<string, string[]>;
  /** Trades in MARKET by identity, with a hash of their content. */
  market: Map<string, Map<number, number>>;
  /** Trades in MARKET that were there before, with the same content. */
  repeated: number;
  /** Context by subject and the minute from which it is valid, told more than once. */
  contextTwice: string[];
  /** Closed candles that were revised at least once, of any timeframe. */
  revisions: number;
}

/** Messages that an undisturbed run must have, or being equal to it means little. */
export const LEAST_LONG: Readonly<Record<string, number>> = { ENRICHED: 10_000, PATTERNS: 100, SIGNALS: 10 };
export const LEAST_SHORT: Readonly<Record<string, number>> = { ENRICHED: 500, PATTERNS: 50, SIGNALS: 1 };

const READ_WAIT_MS = 2_000;
const SHOWN = 3;
const decoder = new TextDecoder();

export async function ledgerOf(fleet: FleetUnderTest): Promise<Ledger> {
  const { database, bus } = fleet;
  const tables = new Map<string, string[]>();
  for (const [view, order] of fleet.stages.flatMap((stage) => Object.entries(stage.tables))) {
    tables.set(view, await linesOf(fleet, `select to_jsonb(entry)::text as line from ${view} as entry order by ${order}`));
  }
  const trades = await linesOf(
    fleet,
    `select venue || ' ' || instrument || ' ' || epoch || ' ' || source_seq / 1000 || ' ' || count(*) || ' ' || md5(string_agg(
       (to_jsonb(trade) - 'input_generation' - 'input_seq')::text, '' order by source_seq, event_time)) as line
     from ingest.pub_trades as trade group by venue, instrument, epoch, source_seq / 1000 order by venue, instrument, epoch, source_seq / 1000`,
  );
  const [counts] = await database.query<{ recorded: string; identities: string }>(
    `select sum(n) as recorded, sum(d) as identities
     from (select count(*) as n, count(distinct source_seq) as d from ingest.pub_trades group by venue, instrument, epoch) as counted`,
  );
  const gaps = await linesOf(fleet, `select (to_jsonb(gap) - 'updated')::text as line from ingest.pub_gaps as gap order by id`);
  const recorded = Number(counts?.recorded ?? 0);
  return {
    tables,
    trades,
    recorded,
    doubled: recorded - Number(counts?.identities ?? 0),
    gaps,
    outputs: await readOutputs(
      bus,
      fleet.stages.flatMap(({ writes }) => writes),
    ),
    ...(await readMarket(bus)),
    contextTwice: await readContextTwice(bus),
    revisions: candlesOf(tables).filter((line) => !/"revision": 0[,}]/.test(line)).length,
  };
}

function candlesOf(tables: Ledger["tables"]): string[] {
  return tables.get("aggregator.pub_candles") ?? [];
}

/** Messages of one derived stream. */
export function messagesOf({ outputs }: Ledger, stream: string): string[] {
  return [...outputs].filter(([key]) => key.startsWith(`${stream} `)).flatMap(([, lines]) => lines);
}

async function linesOf(fleet: FleetUnderTest, text: string): Promise<string[]> {
  return (await fleet.database.query<{ line: string }>(text)).map((row) => row.line);
}

async function readOutputs(bus: Bus, streams: readonly string[]): Promise<Map<string, string[]>> {
  const outputs = new Map<string, string[]>();
  for (const stream of streams) {
    await readStream(bus, stream, (subject, id, data) => {
      const key = `${stream} partition ${subject.split(".")[3]}`;
      const lines = outputs.get(key) ?? [];
      lines.push(`${subject} ${id} ${decoder.decode(data)}`);
      outputs.set(key, lines);
    });
  }
  return outputs;
}

async function readMarket(bus: Bus): Promise<Pick<Ledger, "market" | "repeated">> {
  const market: Ledger["market"] = new Map();
  const columns = createBatchColumns();
  let repeated = 0;
  await readStream(bus, "MARKET", (subject, _id, data) => {
    if (classOf(subject) !== "trade") return;
    decodeTradeBatch(data, columns);
    const key = `${columns.venue} ${columns.instrument} ${columns.epoch}`;
    const known = market.get(key) ?? new Map<number, number>();
    market.set(key, known);
    for (let i = 0; i < columns.count; i++) {
      const seq = columns.sourceSeq[i] as number;
      const numbers = [columns.eventTimeUs[i], columns.price[i], columns.size[i], columns.side[i], columns.priceScale, columns.sizeScale];
      const hash = hashOf(numbers as number[]);
      if (known.has(seq)) repeated += 1;
      // a trade of other content than before shows as a difference
      known.set(seq, known.has(seq) && known.get(seq) !== hash ? -1 : hash);
    }
  });
  return { market, repeated };
}

async function readContextTwice(bus: Bus): Promise<string[]> {
  const told = new Set<string>();
  const twice: string[] = [];
  await readStream(bus, "CONTEXT", (subject, _id, data) => {
    const { validFrom } = JSON.parse(decoder.decode(data)) as { validFrom: number };
    const key = `${subject} ${new Date(validFrom).toISOString()}`;
    if (told.has(key)) twice.push(key);
    told.add(key);
  });
  return twice;
}

function hashOf(numbers: readonly number[]): number {
  let hash = 2_166_136_261;
  for (const value of numbers) {
    for (const part of [value % 2 ** 32, Math.floor(value / 2 ** 32)]) hash = Math.imul(hash ^ part, 16_777_619) >>> 0;
  }
  return hash;
}

async function readStream(bus: Bus, stream: string, take: (subject: string, id: string, data: Uint8Array) => void): Promise<void> {
  const { firstSeq, lastSeq } = await bus.streamPosition(stream);
  // an empty stream begins and ends at 0 until something was in it
  if (lastSeq === 0 || lastSeq < firstSeq) return;
  const reader = await openOrderedReader(bus, stream, firstSeq, ["md.v1.>"]);
  try {
    for (let seq = firstSeq - 1; seq < lastSeq; ) {
      for (const message of await reader.take(2_000, READ_WAIT_MS)) {
        seq = message.seq;
        take(message.subject, message.id, message.data);
      }
    }
  } finally {
    await reader.close();
  }
}

/**
 * The first differences between an undisturbed run and another, in words; empty where there are none. `streams`: whether
 * derived streams must be equal message for message, else only their last word on every key.
 */
export function differences(expected: Ledger, actual: Ledger, streams: "messages" | "last-word" = "messages"): string[] {
  const found = [
    ...[...expected.tables].flatMap(([view, lines]) => linesDiffer(view, lines, actual.tables.get(view) ?? [])),
    ...linesDiffer("trades", expected.trades, actual.trades),
    ...linesDiffer("gap", expected.gaps, actual.gaps),
    ...marketDiffers(expected.market, actual.market),
  ];
  if (actual.recorded !== expected.recorded) found.push(`${actual.recorded} trades recorded in place of ${expected.recorded}`);
  found.push(...actual.contextTwice.map((key) => `told twice: ${key}`));
  if (actual.doubled !== 0) found.push(`${actual.doubled} trades recorded twice`);
  for (const partition of new Set([...expected.outputs.keys(), ...actual.outputs.keys()])) {
    const [wanted, is] = [expected.outputs.get(partition) ?? [], actual.outputs.get(partition) ?? []];
    if (streams === "messages") found.push(...sequencesDiffer(partition, wanted, is));
    else found.push(...linesDiffer(`${partition}, last word`, lastWords(wanted), lastWords(is)));
  }
  return found;
}

/** Newest message per candle, as a reader takes it: only above what it holds. */
function lastWords(lines: readonly string[]): string[] {
  const last = new Map<string, { revision: number; line: string }>();
  for (const line of lines) {
    const id = line.split(" ")[1] as string;
    if (!id.startsWith("candle:")) continue;
    const at = id.lastIndexOf(":");
    const revision = Number(id.slice(at + 1));
    const key = id.slice(0, at);
    if (revision > (last.get(key)?.revision ?? -1)) last.set(key, { revision, line });
  }
  return [...last.values()].map(({ line }) => line).sort();
}

/** Compares lines that begin with their key, whatever their order. */
function linesDiffer(what: string, expected: readonly string[], actual: readonly string[]): string[] {
  const wanted = new Set(expected);
  const is = new Set(actual);
  const missing = expected.filter((line) => !is.has(line));
  const surplus = actual.filter((line) => !wanted.has(line));
  if (missing.length === 0 && surplus.length === 0 && expected.length === actual.length) return [];
  const head = `${what}: ${missing.length} of ${expected.length} missing, ${surplus.length} of ${actual.length} unexpected`;
  return [head, ...missing.slice(0, SHOWN).map((line) => `- ${line}`), ...surplus.slice(0, SHOWN).map((line) => `+ ${line}`)];
}

function sequencesDiffer(what: string, expected: readonly string[], actual: readonly string[]): string[] {
  const at = expected.findIndex((line, i) => line !== actual[i]);
  if (at === -1 && expected.length === actual.length) return [];
  const place = at === -1 ? expected.length : at;
  return [
    `${what}: ${actual.length} messages in place of ${expected.length}, first difference at ${place}`,
    `- ${expected[place] ?? "(end)"}`,
    `+ ${actual[place] ?? "(end)"}`,
  ];
}

function marketDiffers(expected: Ledger["market"], actual: Ledger["market"]): string[] {
  const found: string[] = [];
  for (const key of new Set([...expected.keys(), ...actual.keys()])) {
    const [wanted, is] = [expected.get(key) ?? new Map<number, number>(), actual.get(key) ?? new Map<number, number>()];
    const lost = [...wanted].filter(([seq, hash]) => is.get(seq) !== hash).map(([seq]) => seq);
    const surplus = [...is.keys()].filter((seq) => !wanted.has(seq));
    if (lost.length + surplus.length === 0) continue;
    found.push(
      `MARKET ${key}: ${lost.length} trades lost or changed (${lost.slice(0, SHOWN)}), ${surplus.length} unexpected (${surplus.slice(0, SHOWN)})`,
    );
  }
  return found;
}
