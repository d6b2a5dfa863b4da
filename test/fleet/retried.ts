import { deadLetter } from "../../packages/contracts/src/dead-letter-messages.ts";
import { tradeBatch } from "../../packages/contracts/src/market-messages.ts";
import { subjectOf } from "../../packages/contracts/src/message.ts";
import type { DemoFleet } from "./demo-fleet.ts";

/** Brings a message of the demo's trades into MARKET, the way dead letters go back. */
export async function sendAsRetried({ bus }: DemoFleet, instrument: string, payload: Uint8Array): Promise<void> {
  const letter = {
    service: "aggregator",
    stream: "MARKET",
    streamSeq: 1,
    subject: subjectOf(tradeBatch, { venue: "demo", instrument }),
    headers: {},
    payload: Buffer.from(payload).toString("base64"),
    kind: "invalid",
    error: "made by a test",
    time: 0,
  };
  const subject = subjectOf(deadLetter, { service: "aggregator", stream: "MARKET" });
  const { lastSeq } = await bus.publishBatch([{ subject, headers: {}, data: Buffer.from(JSON.stringify(letter)) }]);
  await bus.connection.request("ctl.v1.ingest.dead-letter-retry", JSON.stringify({ dlqSeqs: [lastSeq] }), { timeout: 5_000 });
}
