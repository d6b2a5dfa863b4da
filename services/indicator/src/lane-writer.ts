import { enriched, enrichedRecomputed, INDICATOR_NAMES } from "@tickfleet/contracts/enriched-messages";
import { type Payload, subjectOf } from "@tickfleet/contracts/message";
import type { EmitOutput } from "@tickfleet/runtime/lane-handler";
import type { EnrichedRow, SeriesKey } from "./enriched-row.ts";
import { ALGORITHMS } from "./indicator-set.ts";
import { rowKeyOf } from "./lane-state.ts";

const STREAM = "ENRICHED";
const encoder = new TextEncoder();

/** A row and the lane it belongs to. */
export interface PendingRow {
  lane: number;
  row: EnrichedRow;
}

type Notice = Pick<Payload<typeof enrichedRecomputed>, "from" | "to" | "cause" | "inputSeq">;

/** Gathers the rows of a commit, and says the same on the bus. */
export class LaneWriter {
  /** Each key once: the last that was said of it. */
  #rows = new Map<string, PendingRow>();

  hasRows(): boolean {
    return this.#rows.size > 0;
  }

  /** Takes what is gathered; what is put from now on belongs to the next commit. */
  take(): PendingRow[] {
    const taken = [...this.#rows.values()];
    this.#rows = new Map();
    return taken;
  }

  put(lane: number, row: EnrichedRow): void {
    this.#rows.set(rowKeyOf(row.candle, row.candle.openTime), { lane, row });
  }

  /** Keeps and publishes an enriched candle. */
  putEnriched(lane: number, row: EnrichedRow, stamps: Readonly<Record<string, number>>, emit: EmitOutput): void {
    this.put(lane, row);
    const { venue, instrument, timeframe, anchor, session, openTime } = row.candle;
    emit({
      stream: STREAM,
      subject: subjectOf(enriched, { venue, instrument, timeframe }),
      id: `enriched:${venue}:${instrument}:${timeframe}:${anchor}:${session}:${openTime}:${row.revision}`,
      data: encode(createEnriched(row, stamps)),
    });
  }

  /** Publishes that rows were rewritten. */
  putNotice(key: SeriesKey, notice: Notice, emit: EmitOutput): void {
    const { venue, instrument, timeframe, anchor, session } = key;
    const payload: Payload<typeof enrichedRecomputed> = { venue, instrument, timeframe, anchor, session, ...notice };
    emit({
      stream: STREAM,
      subject: subjectOf(enrichedRecomputed, { venue, instrument, timeframe }),
      id: `enriched-recomputed:${venue}:${instrument}:${timeframe}:${notice.from}:${notice.to}:${notice.inputSeq}`,
      data: encode(payload),
    });
  }
}

function createEnriched(row: EnrichedRow, stamps: Readonly<Record<string, number>>): Payload<typeof enriched> {
  // the session's vwap is among the indicators
  const { revision: candleRevision, algo: candleAlgo, vwapSession: _, ...columns } = row.candle;
  const indicators = Object.fromEntries(INDICATOR_NAMES.map((name, place) => [name, row.values[place] ?? null]));
  return {
    ...columns,
    candleRevision,
    candleAlgo,
    revision: row.revision,
    algo: [...ALGORITHMS],
    indicators: indicators as Payload<typeof enriched>["indicators"],
    undefined: row.undefined,
    stamps,
  };
}

function encode(payload: object): Uint8Array {
  return encoder.encode(JSON.stringify(payload));
}
