import { subjectOf } from "@tickfleet/contracts/message";
import { pattern as patternMessage, signal as signalMessage } from "@tickfleet/contracts/pattern-messages";
import type { JudgementInputs, JudgementKey } from "@tickfleet/patterns/judgement-inputs";
import type { JudgedPattern } from "@tickfleet/patterns/pattern-judgement";
import type { JudgedSignal } from "@tickfleet/patterns/signal-judgement";
import type { EmitOutput } from "@tickfleet/runtime/lane-handler";
import type { Bar } from "./bar-series.ts";
import { barKeyOf } from "./lane-state.ts";

const encoder = new TextEncoder();

/** What the tables hold of a pattern or signal besides its judgement. */
interface Sent {
  revision: number;
  state: "complete" | "active" | "withdrawn";
}

export interface BarRow {
  lane: number;
  key: JudgementKey;
  bar: Bar;
}

export interface PatternRow {
  lane: number;
  payload: JudgedPattern & Sent;
  /** The payload as it was sent, without stamps. */
  text: string;
}

export interface SignalRow {
  lane: number;
  payload: JudgedSignal & Sent;
  text: string;
  inputs: string;
}

export interface PendingRows {
  bars: BarRow[];
  patterns: PatternRow[];
  signals: SignalRow[];
}

type Stamps = Readonly<Record<string, number>>;

/** Gathers the rows of a commit, and says the same on the bus. */
export class LaneWriter {
  /** Each key once: the last that was said of it. */
  #bars = new Map<string, BarRow>();
  #patterns = new Map<string, PatternRow>();
  #signals = new Map<string, SignalRow>();

  hasRows(): boolean {
    return this.#bars.size > 0;
  }

  /** Takes what is gathered; what is put from now on belongs to the next commit. */
  take(): PendingRows {
    const taken = { bars: [...this.#bars.values()], patterns: [...this.#patterns.values()], signals: [...this.#signals.values()] };
    this.#bars = new Map();
    this.#patterns = new Map();
    this.#signals = new Map();
    return taken;
  }

  putBar(lane: number, key: JudgementKey, bar: Bar): void {
    this.#bars.set(barKeyOf(key, bar.candle.openTime), { lane, key, bar });
  }

  /** Keeps and publishes a pattern. */
  putPattern(lane: number, judged: JudgedPattern, sent: Sent, stamps: Stamps, emit: EmitOutput): void {
    const payload = { ...judged, ...sent };
    const { venue, instrument, timeframe, anchor, session, openTime, kind } = judged;
    const text = JSON.stringify(payload);
    const id = ["pattern", venue, instrument, timeframe, anchor, session, openTime, kind, sent.revision].join(":");
    this.#patterns.set(id.slice(0, id.lastIndexOf(":")), { lane, payload, text });
    emit({
      stream: "PATTERNS",
      subject: subjectOf(patternMessage, { venue, instrument, timeframe }),
      id,
      data: withStamps(text, stamps),
    });
  }

  /** Keeps and publishes a signal with the inputs that it can be recomputed from. */
  putSignal(lane: number, judged: JudgedSignal, inputs: JudgementInputs, sent: Sent, stamps: Stamps, emit: EmitOutput): void {
    const payload = { ...judged, ...sent };
    const { venue, instrument, timeframe, id } = judged;
    const text = JSON.stringify(payload);
    this.#signals.set(id, { lane, payload, text, inputs: JSON.stringify(inputs) });
    emit({
      stream: "SIGNALS",
      subject: subjectOf(signalMessage, { venue, instrument, timeframe }),
      id: `signal:${id}:${sent.revision}`,
      data: withStamps(text, stamps),
    });
  }
}

/** The message of a payload: the same text with one more field. */
function withStamps(text: string, stamps: Stamps): Uint8Array {
  return encoder.encode(`${text.slice(0, -1)},"stamps":${JSON.stringify(stamps)}}`);
}
