import { clock, status } from "@tickfleet/contracts/market-messages";
import type { Payload } from "@tickfleet/contracts/message";
import { toStorable } from "@tickfleet/market/printable";
import type { GapMessage } from "./gap-tracker.ts";
import { connectionSubject, type IntakeInstrument } from "./intake-instrument.ts";
import type { IntakeOptions } from "./intake-state.ts";

type OfConnection<T> = Omit<T, "venue" | "connection">;

const encoder = new TextEncoder();

/** Writes the messages of one connection to its sink. */
export class IntakeMessages {
  readonly #options: IntakeOptions;
  readonly #clockSubject: string;
  readonly #statusSubject: string;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#clockSubject = connectionSubject(clock, options.venue, options.connection);
    this.#statusSubject = connectionSubject(status, options.venue, options.connection);
  }

  clock(payload: OfConnection<Payload<typeof clock>>): void {
    const { venue, connection } = this.#options;
    this.#send(this.#clockSubject, { venue, connection, ...payload });
  }

  status(payload: OfConnection<Payload<typeof status>>): void {
    const { venue, connection } = this.#options;
    this.#send(this.#statusSubject, { venue, connection, ...payload, reason: toStorable(payload.reason) });
  }

  gap(kept: IntakeInstrument, message: GapMessage): void {
    this.batch(kept);
    this.#send(kept.gapSubject, message);
  }

  /** Sends what is in an instrument's open batch. */
  batch(kept: IntakeInstrument): void {
    if (kept.batch.count === 0) return;
    const { nowUs, sink } = this.#options;
    const data = kept.batch.take(nowUs === null ? null : { hop: "published", timeUs: nowUs() });
    sink.message({ subject: kept.tradeSubject, data });
  }

  #send(subject: string, payload: object): void {
    this.#options.sink.message({ subject, data: encoder.encode(JSON.stringify(payload)) });
  }
}
