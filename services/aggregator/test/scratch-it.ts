import { openBus } from "@tickfleet/runtime/bus";
import { provisionStreams } from "@tickfleet/runtime/provision";
import { migrate } from "@tickfleet/database/migrator";
import { openPool } from "@tickfleet/database/pool";
import { LaneStore } from "@tickfleet/database/checkpoint";
import { consume } from "@tickfleet/runtime/consume";
import { CandleHandler } from "../src/candle-handler.ts";
import { CandleStore } from "../src/store.ts";
import { FormingUpdates } from "../src/forming.ts";
import { Intake } from "../../ingest/src/intake.ts";
import { openFileSource } from "../../../packages/venues/src/file-source.ts";
import { demoSource } from "../../../packages/venues/src/demo/source.ts";
import pino from "../../../packages/runtime/node_modules/pino/pino.js";

const [natsUrl, dbUrl, ...files] = process.argv.slice(2);
const bus = await openBus({ url: natsUrl, name: "it" });
await provisionStreams(bus);
import { viewGrants } from "@tickfleet/contracts/view-grants";
for (const s of ["ingest", "aggregator"]) await migrate({ url: dbUrl, service: s, folder: new URL(`../../${s}/migrations`, import.meta.url), grants: viewGrants.map((g) => ({ reader: g.reader, views: g.views.filter((v) => v.startsWith(s + ".")) })) });
let t0 = performance.now();
const source = files[0] === "demo" ? demoSource({ seed: 7, startMs: Date.UTC(2026, 10, 18, 10), endMs: Date.UTC(2026, 10, 19, 12) }) : await openFileSource({ files });
let out = [];
let n = 0;
const intake = new Intake({ venue: source.venue, connection: source.connection, nowUs: null, sink: { message: (m) => { out.push({ subject: m.subject, data: m.data, headers: { "Nats-Msg-Id": "it-" + n++ } }); }, quality: (q) => console.log("q", q), refill: () => {} } });
for await (const block of source.events(0)) {
  for (const e of block.events) intake.handle(e);
  while (out.length >= 256) await bus.publishBatch(out.splice(0, 256));
}
while (out.length) await bus.publishBatch(out.splice(0, 256));
console.log("published", n, intake.counts, (performance.now() - t0) | 0, "ms");
const pos = await bus.streamPosition("MARKET");
const pool = openPool(dbUrl, { max: 4, name: "it", schema: "aggregator" });
const lanes = new LaneStore(pool, "aggregator", "it", 10000);
const handler = new CandleHandler(new CandleStore(pool, lanes, 10000), pool, new FormingUpdates(bus, 15));
const ac = new AbortController();
t0 = performance.now();
const run = consume({ service: "aggregator", bus, logger: pino({ level: "info" }), store: lanes, handler, inputStream: "MARKET", outputStream: "CANDLES", partitioned: true, onReady: () => {}, signal: ac.signal });
run.catch((e) => { console.error(e); process.exit(1); });
for (;;) {
  const { rows } = await pool.query("select min(seq) as m from aggregator.lanes");
  if (rows[0].m >= pos.lastSeq) break;
  await new Promise((r) => setTimeout(r, 50));
}
console.log("aggregated", (performance.now() - t0) | 0, "ms", await bus.streamPosition("CANDLES"));
console.log((await pool.query("select timeframe, state, completeness, count(*)::int, sum(volume_base) v, sum(volume_buy) b, sum(volume_sell) s, sum(trades) t, max(revision) r from aggregator.pub_candles group by 1,2,3 order by 1,2,3")).rows.map((r) => Object.values(r).join(" ")).join("\n"));
ac.abort(); await run; await bus.close(); await pool.end();
