import { Worker } from "node:worker_threads";
import { openPool } from "@tickfleet/database/pool";
import { openBus } from "@tickfleet/runtime/bus";
import { WebSocket } from "ws";
import type { BenchContext, BenchResult } from "../src/bench.ts";
import { type BenchFleet, startBenchFleet, untilStored } from "../src/bench-fleet.ts";

const TRADES_PER_SECOND = 1_000;
const SYMBOLS = ["BTCUSDT", "ETHUSDT", "BNBUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT", "LTCUSDT", "LINKUSDT"];
const WARM_UP_MS = 10_000;
const MEASURE_MS = 10_000;
const SETTLE_MS = 2_000;
const HOP_MESSAGES = 5_000;
const HOP_BYTES = 1_200;

/** When a client had a forming candle, and the last trade in it. */
interface Arrival {
  timeUs: number;
  lastId: number;
  /** What the candle says of its way: epoch microseconds by hop. */
  stamps: Readonly<Record<string, number>>;
}

/**
 * 99th percentile of the time from ingest's receive stamp of a trade, which a local Binance server sends over its WebSocket, to a
 * client's receipt of the first forming candle with that trade in it, over the gateway's WebSocket; beside one publish and receipt.
 */
export async function run({ name, tell }: BenchContext): Promise<BenchResult[]> {
  const load = new Worker(new URL("./binance-load.ts", import.meta.url), {
    workerData: { symbols: SYMBOLS, tradesPerSecond: TRADES_PER_SECOND },
  });
  const { streamUrl, restUrl } = await new Promise<{ streamUrl: string; restUrl: string }>((resolve, reject) => {
    load.once("message", resolve).once("error", reject);
  });
  await using fleet = await startBenchFleet({
    tell,
    env: {
      INGEST_SOURCES: "binance",
      INGEST_BINANCE_INSTRUMENTS: SYMBOLS.map(instrumentOf).join(","),
      INGEST_BINANCE_WS_URL: streamUrl,
      INGEST_BINANCE_REST_URL: restUrl,
      ...(name.endsWith(".always") ? { NATS_SYNC_INTERVAL: "always" } : {}),
    },
  });
  try {
    const hop = await bareHop(fleet.address.nats);
    const arrivals = new Map(SYMBOLS.map((symbol) => [instrumentOf(symbol), [] as Arrival[]]));
    load.postMessage("begin");
    await pause(WARM_UP_MS);
    const socket = await subscribe(fleet, arrivals);
    await pause(SETTLE_MS);
    const from = nowUs();
    await pause(MEASURE_MS);
    const to = nowUs();
    await pause(SETTLE_MS);
    socket.terminate();
    load.postMessage("end");
    await untilStored(fleet);
    const delays = await delaysOf(fleet, arrivals, from, to);
    const expected = (TRADES_PER_SECOND * MEASURE_MS) / 1_000;
    tell(
      `${delays.length} trades of ${expected}, ms at 50% ${at(delays, 0.5)}, 90% ${at(delays, 0.9)}, 99% ${at(delays, 0.99)}, 99.9% ${at(delays, 0.999)}`,
    );
    tell(hops([...arrivals.values()].flat().filter((arrival) => arrival.timeUs >= from && arrival.timeUs < to)));
    if (delays.length < 0.98 * expected) throw new Error(`expected ${expected} trades, found ${delays.length}`);
    const value = at(delays, 0.99);
    return [{ name, value, unit: "ms (p99)", against: "bare hop", reference: hop, ratio: hop / value }];
  } finally {
    await load.terminate();
  }
}

/** 99th percentile of publish to receipt over the broker alone, at the same rate, milliseconds. */
async function bareHop(url: string): Promise<number> {
  const [sender, receiver] = await Promise.all([openBus({ url, name: "bench-sender" }), openBus({ url, name: "bench-receiver" })]);
  const delays: number[] = [];
  const subject = "bench.hop";
  const stop = receiver.subscribeCore(subject, (_, data) => {
    delays.push(performance.now() - new DataView(data.buffer, data.byteOffset).getFloat64(0));
  });
  await receiver.connection.flush();
  const started = performance.now();
  for (let sent = 0; sent < HOP_MESSAGES; ) {
    await pause(1);
    for (const due = ((performance.now() - started) * TRADES_PER_SECOND) / 1_000; sent < due; sent++) {
      const data = new Uint8Array(HOP_BYTES);
      new DataView(data.buffer).setFloat64(0, performance.now());
      sender.connection.publish(subject, data);
    }
  }
  await sender.connection.flush();
  await pause(100);
  stop();
  await Promise.all([sender.close(), receiver.close()]);
  return at(
    delays.sort((a, b) => a - b),
    0.99,
  );
}

async function subscribe(fleet: BenchFleet, arrivals: ReadonlyMap<string, Arrival[]>): Promise<WebSocket> {
  const socket = new WebSocket(`${(fleet.address.api as string).replace("http", "ws")}/api/v1/stream`);
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  socket.on("message", (data: Buffer) => {
    const timeUs = nowUs();
    const text = data.toString();
    if (!text.includes('"state":"forming"') || text.startsWith('{"type":"snapshot"')) return;
    const [, instrument] = /"instrument":"([^"]+)"/.exec(text) ?? [];
    const [, lastId] = /"lastTradeId":"(\d+)"/.exec(text) ?? [];
    const [, stamps] = /"stamps":(\{[^}]*\})/.exec(text) ?? [];
    if (instrument === undefined || lastId === undefined || stamps === undefined) return;
    arrivals.get(instrument)?.push({ timeUs, lastId: Number(lastId), stamps: JSON.parse(stamps) as Record<string, number> });
  });
  socket.send(JSON.stringify({ op: "subscribe", id: 1, channels: SYMBOLS.map((symbol) => `candle:binance:${instrumentOf(symbol)}:1m`) }));
  return socket;
}

/** Milliseconds of every trade received in the time given, ascending. */
async function delaysOf(fleet: BenchFleet, arrivals: ReadonlyMap<string, Arrival[]>, from: number, to: number): Promise<number[]> {
  const pool = openPool(fleet.address.database, { max: 1, name: "bench" });
  const delays: number[] = [];
  for (const [instrument, list] of arrivals) {
    const { rows } = await pool.query<{ id: number; received: number }>(
      "select source_seq as id, received_time as received from ingest.pub_trades where instrument = $1 order by source_seq",
      [instrument],
    );
    let next = 0;
    for (const { id, received } of rows) {
      if (received < from || received >= to) continue;
      while (next < list.length && (list[next] as Arrival).lastId < id) next += 1;
      const arrival = list[next];
      if (arrival !== undefined) delays.push((arrival.timeUs - received) / 1_000);
    }
  }
  await pool.end();
  return delays.sort((a, b) => a - b);
}

/** The way's parts, each with its median and 99th percentile. */
function hops(arrivals: readonly Arrival[]): string {
  const names = Object.keys(arrivals[0]?.stamps ?? {});
  const parts = [...names, "client"].map((hop, i) => {
    const before = names[i - 1];
    if (before === undefined) return hop;
    const times = arrivals
      .map(({ stamps, timeUs }) => ((stamps[hop] ?? timeUs) - (stamps[before] as number)) / 1_000)
      .sort((a, b) => a - b);
    return `${hop} ${at(times, 0.5)}/${at(times, 0.99)}`;
  });
  return `hops, ms at 50%/99%: ${parts.join(", ")}`;
}

function at(sorted: readonly number[], share: number): number {
  return Number((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN).toPrecision(3));
}

function instrumentOf(symbol: string): string {
  return symbol.replace(/USDT$/, "-USDT");
}

function nowUs(): number {
  return (performance.timeOrigin + performance.now()) * 1_000;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
