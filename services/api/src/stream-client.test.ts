import { expect, test, vi } from "vitest";
import type { WebSocket } from "ws";
import type { LiveCandles, LiveMessage } from "./live-candles.ts";
import type { ApiStore, InstrumentRow } from "./store.ts";
import { BEHIND_MS, CLOSE_BYTES, CLOSE_TOO_SLOW, CONFLATE_BYTES, MAX_CHANNELS, StreamClient, shedLoad } from "./stream-client.ts";

const CHANNEL = "candle:demo:BTC-USDT:1m";
const known = [{ venue: "demo", instrument: "BTC-USDT", venueSymbol: "BTCUSDT" } as InstrumentRow];

/** A socket whose reader is as far behind as the test says. */
function open(rows: readonly InstrumentRow[] = known) {
  const sent: { type: string; [name: string]: unknown }[] = [];
  const socket = {
    readyState: 1,
    OPEN: 1,
    bufferedAmount: 0,
    send: (text: string) => void sent.push(JSON.parse(text)),
    close: vi.fn((_code: number, _reason: string) => {
      socket.readyState = 2;
    }),
    terminate: vi.fn(),
  };
  const client = new StreamClient(socket as unknown as WebSocket, {} as ApiStore, () => ({}) as LiveCandles);
  client.subscribe([CHANNEL], 0, rows, 1);
  sent.length = 0;
  return { client, socket, sent };
}

function message(kind: LiveMessage["kind"], openTime: number, update = 0): LiveMessage {
  const text = JSON.stringify({ openTime, state: kind, update });
  return { kind, channel: CHANNEL, series: "UTC|all", openTime, revision: 0, text, arrivedMs: 0 };
}

test("a reader that is behind gets the newest forming candle only, every closed one, and no hole in the numbers", () => {
  const { client, socket, sent } = open();
  client.offer(message("forming", 1, 1));
  socket.bufferedAmount = CONFLATE_BYTES + 1;
  for (let update = 2; update < 100; update++) client.offer(message("forming", 1, update));
  client.flush(0);
  expect(sent).toHaveLength(1);
  client.offer(message("closed", 1));
  for (let update = 100; update < 200; update++) client.offer(message("forming", 2, update));
  socket.bufferedAmount = 0;
  client.flush(0);
  client.flush(0);
  expect(
    sent.map((one) => [
      one["seq"],
      one["prev"],
      (one["data"] as { state: string; update: number }).state,
      (one["data"] as { update: number }).update,
    ]),
  ).toEqual([
    [1, 0, "forming", 1],
    [2, 1, "closed", 0],
    [3, 2, "forming", 199],
  ]);
});

test("a forming candle that waits is dropped when its closed one goes out", () => {
  const { client, socket, sent } = open();
  socket.bufferedAmount = CONFLATE_BYTES + 1;
  client.offer(message("forming", 1, 1));
  client.offer(message("closed", 1));
  socket.bufferedAmount = 0;
  client.flush(0);
  expect(sent).toMatchObject([{ data: { state: "closed" } }]);
});

test("beyond 8 MiB the client is closed with 4008", () => {
  const { client, socket, sent } = open();
  socket.bufferedAmount = CLOSE_BYTES + 1;
  client.offer(message("closed", 1));
  expect(socket.close).toHaveBeenCalledWith(CLOSE_TOO_SLOW, expect.stringContaining("too slow"));
  expect(sent).toEqual([]);
});

test("a client that is more than 1 MiB behind for 10 s is closed with 4008, one that caught up in between is not", () => {
  const { client, socket } = open();
  socket.bufferedAmount = CONFLATE_BYTES + 1;
  client.flush(1_000);
  client.flush(1_000 + BEHIND_MS);
  socket.bufferedAmount = 0;
  client.flush(1_500 + BEHIND_MS);
  socket.bufferedAmount = CONFLATE_BYTES + 1;
  client.flush(2_000 + BEHIND_MS);
  expect(socket.close).not.toHaveBeenCalled();
  client.flush(2_001 + 2 * BEHIND_MS);
  expect(socket.close).toHaveBeenCalledWith(CLOSE_TOO_SLOW, expect.stringContaining("10 s"));
});

test("those furthest behind are closed until all clients together are within the bound", () => {
  const all = [300, 100, 500, 0].map((buffered) => {
    const one = open();
    one.socket.bufferedAmount = buffered;
    return one;
  });
  const clients = all.map(({ client }) => client);
  shedLoad(clients, 900);
  expect(all.map(({ socket }) => socket.close.mock.calls.length)).toEqual([0, 0, 0, 0]);
  shedLoad(clients, 200);
  expect(all.map(({ socket }) => socket.close.mock.calls.map(([code]) => code))).toEqual([[CLOSE_TOO_SLOW], [], [CLOSE_TOO_SLOW], []]);
});

test("channels beyond the limit are refused with the limit and the number asked for", () => {
  const many = Array.from({ length: 200 }, (_, i) => ({ venue: "demo", instrument: `I-${i}`, venueSymbol: `I${i}` }) as InstrumentRow);
  const { client, sent } = open(many);
  client.subscribe(["candle:demo:*:*", "candle:demo:*:1h"], 0, many, 2);
  expect(sent[0]).toMatchObject({
    accepted: ["candle:demo:*:1h"],
    rejected: [{ channel: "candle:demo:*:*", code: "limit", fix: expect.stringContaining(`${MAX_CHANNELS} channels and would have 1800`) }],
  });
});
