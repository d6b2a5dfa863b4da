import type { RawTrade, ScriptedSource, SourceBlock, SourceEvent } from "@tickfleet/venues/source";

/** Everything that a source yields, and the error that it ends with, if any. */
export async function collect(source: ScriptedSource, from = 0): Promise<{ blocks: SourceBlock[]; events: SourceEvent[]; error: unknown }> {
  const blocks: SourceBlock[] = [];
  let error: unknown = null;
  try {
    for await (const block of source.events(from)) blocks.push(block);
  } catch (caught) {
    error = caught;
  }
  return { blocks, events: blocks.flatMap((block) => block.events), error };
}

export function tradesOf(events: readonly SourceEvent[]): RawTrade[] {
  return events.flatMap((event) => (event.kind === "trade" ? [event.trade] : []));
}

export function kindsOf(events: readonly SourceEvent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of events) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** Exact sum of the sizes of one side, at a scale of 8. */
export function volumeOf(trades: readonly RawTrade[], flag: "buy" | "sell" | null): bigint {
  let sum = 0n;
  for (const trade of trades) if (trade.flag === flag) sum += BigInt(trade.size.value) * 10n ** BigInt(8 - trade.size.scale);
  return sum;
}
