import { parentPort, workerData } from "node:worker_threads";
import { startBinanceServer } from "../src/binance-server.ts";

// A worker of its own: what it does must not delay the reader whose time is measured.

interface Load {
  symbols: readonly string[];
  tradesPerSecond: number;
}

const TICK_MS = 1;
const QUOTE_EVERY = 4;

const { symbols, tradesPerSecond } = workerData as Load;
const server = await startBinanceServer({
  symbols: symbols.map((symbol) => ({ symbol, base: symbol.slice(0, -4), quote: "USDT", tickSize: "0.01000000", stepSize: "0.00001000" })),
});
let sent = 0;
let timer: NodeJS.Timeout | undefined;

parentPort?.on("message", (message: "begin" | "end") => {
  if (message === "begin") begin();
  else void end();
});
parentPort?.postMessage({ streamUrl: server.streamUrl, restUrl: server.restUrl });

function begin(): void {
  const started = performance.now();
  timer = setInterval(() => {
    const due = Math.floor(((performance.now() - started) * tradesPerSecond) / 1_000);
    while (sent < due) push();
  }, TICK_MS);
}

function push(): void {
  const symbol = symbols[sent % symbols.length] as string;
  const id = 700_001 + Math.floor(sent / symbols.length);
  const price = 60_000 + ((id * 7_919) % 100) / 100;
  if (id % QUOTE_EVERY === 0) {
    server.pushBookTicker(symbol, {
      bid: (price - 0.01).toFixed(8),
      bidSize: "1.50000000",
      ask: (price + 0.01).toFixed(8),
      askSize: "0.75000000",
    });
  }
  server.sendTrade(symbol, { id, price: price.toFixed(8), size: "0.01250000", timeMs: server.now(), buyerIsMaker: sent % 3 === 0 });
  sent += 1;
}

async function end(): Promise<void> {
  clearInterval(timer);
  await server.close();
  parentPort?.close();
}
