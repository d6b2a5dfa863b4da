import { candle, formingCandle } from "@tickfleet/contracts/candle-messages";
import type { StreamName } from "@tickfleet/contracts/message";
import { expect, test, vi } from "vitest";
import { MAX_CHANNELS } from "./channel-request.ts";
import { type LiveMessage, liveMessages } from "./live-message.ts";
import { shedLoad } from "./load-shedding.ts";
import type { ApiStore, InstrumentRow } from "./store.ts";
import { BEHIND_MS, CLOSE_BYTES, CLOSE_TOO_SLOW, CONFLATE_BYTES, StreamClient } from "./stream-client.ts";
import { parseStreamCursor } from "./stream-cursor.ts";
import type { StreamSink } from "./stream-sink.ts";

const CHANNEL = "candle:demo:BTC-USDT:1m";
const known = [{ venue: "demo", instrument: "BTC-USDT", venueSymbol: "BTCUSDT" } as InstrumentRow];
const fresh = (channels: string[]) => ({ channels, snapshot: 0, closedOnly: false, after: null });

/** A reader that is as far behind as the test says, of a stream CANDLES that is as long as the test says. */
function open(rows: readonly InstrumentRow[] = known) {
  // biome-ignore lint/suspicious/noExplicitAny: a test reads messages by their wire names
  const sent: any[] = [];
  const sink = {
    open: true as boolean,
    buffered: 0,
    send: (text: string) => void sent.push(JSON.parse(text)),
    heartbeat: vi.fn(),
    ping: vi.fn(),
    close: vi.fn((_code: number, _reason: string) => {
      sink.open = false;
    }),
    terminate: vi.fn(),
  } satisfies StreamSink;
  const stored: LiveMessage[] = [];
  const place = (stream: StreamName) => (stream === "CANDLES" ? { seq: stored.length, generation: "g1" } : null);
  const client = new StreamClient(sink, {
    store: {} as ApiStore,
    feed: () => ({ place, recent: () => ({ closed: [], forming: [] }) }),
    replay: {
      read: async (_, channels, after, until) => {
        const found = stored.filter((one) => (one.seq as number) > after && (one.seq as number) <= until);
        return after < 0 || found.length > 50 ? null : found.filter((one) => channels.some((channel) => channel.text === one.channel));
      },
    },
  });
  const subscribed = client.subscribe(fresh([CHANNEL]), rows, 1);
  sent.length = 0;
  /** Stores a candle and passes it on. */
  const store = (message: LiveMessage): void => {
    stored.push({ ...message, seq: stored.length + 1 });
    client.offer(stored.at(-1) as LiveMessage);
  };
  return { client, sink, sent, stored, store, subscribed };
}

function message(kind: "forming" | "stored", openTime: number, update = 0, timeframe = "1m"): LiveMessage {
  const text = JSON.stringify({ anchor: "UTC", session: "all", openTime, state: kind, update });
  const parameters = { venue: "demo", instrument: "BTC-USDT", timeframe };
  return liveMessages(kind === "forming" ? formingCandle : candle, parameters, null, text)[0] as LiveMessage;
}

test("a reader that is behind gets the newest forming candle only, and every closed one", () => {
  const { client, sink, sent, store } = open();
  client.offer(message("forming", 1, 1));
  sink.buffered = CONFLATE_BYTES + 1;
  for (let update = 2; update < 100; update++) client.offer(message("forming", 1, update));
  client.flush(0);
  expect(sent).toHaveLength(1);
  store(message("stored", 1));
  for (let update = 100; update < 200; update++) client.offer(message("forming", 2, update));
  sink.buffered = 0;
  client.flush(0);
  client.flush(0);
  expect(sent.map((one) => [one.seq, one.prev, one.data.state, one.data.update])).toEqual([
    [undefined, undefined, "forming", 1],
    [1, null, "stored", 0],
    [undefined, undefined, "forming", 199],
  ]);
});

test("a forming candle that waits is dropped when its closed one goes out", () => {
  const { client, sink, sent, store } = open();
  sink.buffered = CONFLATE_BYTES + 1;
  client.offer(message("forming", 1, 1));
  store(message("stored", 1));
  sink.buffered = 0;
  client.flush(0);
  expect(sent).toMatchObject([{ data: { state: "stored" } }]);
});

test("beyond 8 MiB the client is closed with 4008", () => {
  const { sink, sent, store } = open();
  sink.buffered = CLOSE_BYTES + 1;
  store(message("stored", 1));
  expect(sink.close).toHaveBeenCalledWith(CLOSE_TOO_SLOW, expect.stringContaining("too slow"));
  expect(sent).toEqual([]);
});

test("a client that is more than 1 MiB behind for 10 s is closed with 4008, one that caught up in between is not", () => {
  const { client, sink } = open();
  sink.buffered = CONFLATE_BYTES + 1;
  client.flush(1_000);
  client.flush(1_000 + BEHIND_MS);
  sink.buffered = 0;
  client.flush(1_500 + BEHIND_MS);
  sink.buffered = CONFLATE_BYTES + 1;
  client.flush(2_000 + BEHIND_MS);
  expect(sink.close).not.toHaveBeenCalled();
  client.flush(2_001 + 2 * BEHIND_MS);
  expect(sink.close).toHaveBeenCalledWith(CLOSE_TOO_SLOW, expect.stringContaining("10 s"));
});

test("those furthest behind are closed until all clients together are within the bound", () => {
  const all = [300, 100, 500, 0].map((buffered) => {
    const one = open();
    one.sink.buffered = buffered;
    return one;
  });
  const clients = all.map(({ client }) => client);
  shedLoad(clients, 900);
  expect(all.map(({ sink }) => sink.close.mock.calls.length)).toEqual([0, 0, 0, 0]);
  shedLoad(clients, 200);
  expect(all.map(({ sink }) => sink.close.mock.calls.map(([code]) => code))).toEqual([[CLOSE_TOO_SLOW], [], [CLOSE_TOO_SLOW], []]);
});

test("channels beyond the limit are refused with the limit and the number asked for", () => {
  const many = Array.from({ length: 200 }, (_, i) => ({ venue: "demo", instrument: `I-${i}`, venueSymbol: `I${i}` }) as InstrumentRow);
  const { client, sent } = open(many);
  void client.subscribe(fresh(["candle:demo:*:*", "candle:demo:*:1h"]), many, 2);
  expect(sent[0]).toMatchObject({
    accepted: ["candle:demo:*:1h"],
    rejected: [{ channel: "candle:demo:*:*", code: "limit", fix: expect.stringContaining(`${MAX_CHANNELS} channels and would have 1800`) }],
  });
});

/** Sequences of the updates that were sent. */
const seqs = (sent: { type: string; seq?: number }[]): (number | undefined)[] =>
  sent.filter(({ type }) => type === "update").map(({ seq }) => seq);

test("who comes back with a cursor gets what it missed, then what comes, each once", async () => {
  const { client, sent, store, subscribed } = open();
  await subscribed;
  client.unsubscribe([CHANNEL]);
  for (let i = 1; i <= 10; i++) store(message("stored", i, 0, i % 2 === 0 ? "1m" : "5m"));
  const resumed = client.subscribe({ ...fresh([CHANNEL]), after: parseStreamCursor("CANDLES:4:g1") }, known, 3);
  expect(sent).toMatchObject([{ type: "ack", cursor: "CANDLES:4:g1" }]);
  // these come while the older ones are being read
  store(message("stored", 12));
  store(message("stored", 13));
  await resumed;
  store(message("stored", 14));
  expect(seqs(sent)).toEqual([6, 8, 10, 11, 12, 13]);
  expect(sent.find(({ type }) => type === "resumed")).toEqual({ type: "resumed", id: 3, replayed: 5, cursor: "CANDLES:12:g1" });
  expect(client.cursor).toBe("CANDLES:13:g1");
});

test("what cannot be had from the stream is told, with the list that has it, and what comes then is sent", async () => {
  for (const after of ["CANDLES:9:g1", "CANDLES:2:g0", "CANDLES:0"]) {
    const { client, sent, store, stored } = open();
    client.unsubscribe([CHANNEL]);
    for (let i = 1; i <= (after.endsWith(":0") ? 60 : 4); i++) store(message("stored", i));
    await client.subscribe({ ...fresh([CHANNEL]), after: parseStreamCursor(after) }, known, 3);
    expect(sent.find(({ type }) => type === "resync")).toMatchObject({
      channel: CHANNEL,
      read: "/api/v1/candles?venue=demo&instrument=BTC-USDT&timeframe=1m",
    });
    store(message("stored", 100));
    expect(seqs(sent)).toEqual([stored.length]);
  }
});

test("closed only leaves out forming candles; a class that is not asked for does not come", async () => {
  const { client, sent, store } = open();
  client.unsubscribe([CHANNEL]);
  await client.subscribe({ ...fresh(["candle:*:*:1m"]), closedOnly: true }, known, 2);
  client.offer(message("forming", 5));
  store(message("stored", 5, 0, "5m"));
  store(message("stored", 5));
  expect(seqs(sent)).toEqual([2]);
});

test("a cursor says which incarnation of a stream it counts in, and another text is none", () => {
  expect([...(parseStreamCursor("CANDLES:41:sv3k2a, SIGNALS:7") ?? [])]).toEqual([
    ["CANDLES", { seq: 41, generation: "sv3k2a" }],
    ["SIGNALS", { seq: 7, generation: null }],
  ]);
  for (const text of ["41", "candles:41", "DLQ:4", "CANDLES:-1", "CANDLES:4:!"]) expect(parseStreamCursor(text)).toBeNull();
});
