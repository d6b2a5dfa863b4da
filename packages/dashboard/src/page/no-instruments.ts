import { batch } from "@preact/signals";
import { futuresOf, latestSignals, notice, sentimentOf } from "./store.ts";

/** The page of a fleet without an instrument says what to do. */
export function tellNoInstruments(): void {
  const part = { state: "absent", reason: "Comes with the first instrument." } as const;
  batch(() => {
    notice.value = {
      text: "No instruments yet",
      fix: "Start a source (the demo of npm start, or INGEST_SOURCES=binance), or replay a file: npx tickfleet replay FILE",
    };
    latestSignals.value = part;
    sentimentOf.value = part;
    futuresOf.value = { state: "loading" };
  });
}
