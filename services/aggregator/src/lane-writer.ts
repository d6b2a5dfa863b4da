import { candle, candleRecomputed } from "@tickfleet/contracts/candle-messages";
import { subjectOf } from "@tickfleet/contracts/message";
import type { RevisionResult } from "@tickfleet/market/candle-revision";
import { type CandleRow, createCandle } from "@tickfleet/market/candle-row";
import type { CandleSeries } from "@tickfleet/market/candle-series";
import { leftAloneKey } from "@tickfleet/market/candle-series-seed";
import type { EmitOutput } from "@tickfleet/runtime/lane-handler";
import { type LaneSeries, PendingRows } from "./lane-state.ts";
import type { KeptBatch } from "./store.ts";

const STREAM = "CANDLES";
const encoder = new TextEncoder();

/** Where and when something happened in the input log. */
export interface InputPlace {
  lane: number;
  /** Sequence of the message in MARKET. */
  inputSeq: number;
  /** A message of a rebuild: its rows remember no sequence. */
  fromHistory: boolean;
}

/** Gathers what a commit writes, and says the same on the bus. */
export class LaneWriter {
  pending = new PendingRows();
  batches: KeptBatch[] = [];

  hasRows(): boolean {
    return this.pending.rows.size > 0;
  }

  /** Takes what is gathered; what is put from now on belongs to the next commit. */
  take(): { pending: PendingRows; batches: KeptBatch[] } {
    const taken = { pending: this.pending, batches: this.batches };
    this.pending = new PendingRows();
    this.batches = [];
    return taken;
  }

  /** Keeps and publishes a closed or revised candle. */
  putCandle(place: InputPlace, entry: LaneSeries, row: CandleRow, emit: EmitOutput): void {
    if (isLeftAlone(place, entry, row)) return;
    const { series } = entry;
    this.#keep(place, series, row);
    const { venue, instrument, anchor, session } = series.key;
    const payload = { ...createCandle(series, row), stamps: {} };
    emit({
      stream: STREAM,
      subject: subjectOf(candle, { venue, instrument, timeframe: row.timeframe }),
      id: `candle:${venue}:${instrument}:${row.timeframe}:${anchor}:${session}:${row.openTime}:${row.revision}`,
      data: encoder.encode(JSON.stringify(payload)),
    });
  }

  /** Keeps and publishes what late trades or a gap's end changed. Beyond a day the candles are not sent again, only announced. */
  putRevision(
    place: InputPlace,
    entry: LaneSeries,
    result: RevisionResult,
    cause: "late-trade" | "gap-fill" | "history",
    emit: EmitOutput,
  ): void {
    const { series } = entry;
    const { venue, instrument, anchor, session } = series.key;
    const notices = [...result.recomputed];
    for (const row of result.revised) {
      if (isLeftAlone(place, entry, row)) continue;
      if (cause === "history") {
        this.#keep(place, series, row);
        const notice = notices.find((candidate) => candidate.timeframe === row.timeframe);
        if (notice === undefined) notices.push({ timeframe: row.timeframe, from: row.openTime, to: row.closeTime });
        else Object.assign(notice, { from: Math.min(notice.from, row.openTime), to: Math.max(notice.to, row.closeTime) });
      } else {
        this.putCandle(place, entry, row, emit);
      }
    }
    for (const row of result.rewritten) if (!isLeftAlone(place, entry, row)) this.#keep(place, series, row);
    for (const { timeframe, from, to } of notices) {
      emit({
        stream: STREAM,
        subject: subjectOf(candleRecomputed, { venue, instrument, timeframe }),
        id: `candle-recomputed:${venue}:${instrument}:${timeframe}:${from}:${to}:${place.inputSeq}`,
        data: encoder.encode(JSON.stringify({ venue, instrument, timeframe, anchor, session, from, to, cause, inputSeq: place.inputSeq })),
      });
    }
  }

  #keep({ lane, inputSeq, fromHistory }: InputPlace, series: CandleSeries, row: CandleRow): void {
    this.pending.put(lane, series, row, fromHistory ? 0 : inputSeq);
  }
}

/** Whether a rebuild would put a candle over one that it cannot make again. */
function isLeftAlone({ fromHistory }: InputPlace, { leftAlone }: LaneSeries, row: CandleRow): boolean {
  return fromHistory && leftAlone.size > 0 && leftAlone.has(leftAloneKey(row));
}
