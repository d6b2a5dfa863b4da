import { FakeSocket, type SentToGateway } from "@tickfleet/testkit/fake-socket";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LiveConnection, type LiveMessage, type LiveState } from "./live-connection.ts";

const SIGNALS = "signal:demo:BTC-USDT:1m";
const PATTERNS = "pattern:demo:BTC-USDT:1m";
const CANDLES = "candle:demo:BTC-USDT:1m";

let live: LiveConnection;
let states: LiveState[];
let refused: string[];

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  FakeSocket.begin();
  states = [];
  refused = [];
  live = new LiveConnection("ws://gateway", { onState: (state) => states.push(state), onRefused: (channel) => refused.push(channel) });
});
afterEach(() => {
  live.close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const socket = (): FakeSocket => FakeSocket.all.at(-1) as FakeSocket;
const update = (channel: string, stream: string, seq: number): object => ({ type: "update", channel, kind: "x", stream, seq, data: {} });

/** Takes a channel; returns the messages that come on it. */
function take(channel: string, snapshot = 0): LiveMessage[] {
  const messages: LiveMessage[] = [];
  live.subscribe(channel, { snapshot }, (message) => messages.push(message));
  return messages;
}

/** Waits until the connection is tried again. */
async function nextTry(): Promise<void> {
  for (const tries = FakeSocket.all.length; FakeSocket.all.length === tries; ) await vi.advanceTimersByTimeAsync(50);
}

/** Loses the connection and opens the next one; returns what is asked for on it. */
async function comeBack(): Promise<SentToGateway[]> {
  socket().close();
  await nextTry();
  socket().open();
  return socket().sent;
}

test("a connection that is lost right after the ack goes on from the ack's cursor", async () => {
  const messages = take(SIGNALS);
  socket().open();
  socket().says({ type: "ack", id: 1, cursor: "SIGNALS:7:a" });
  expect(await comeBack()).toEqual([{ op: "subscribe", id: 2, channels: [SIGNALS], snapshot: 0, after: "SIGNALS:7:a" }]);
  socket().says(update(SIGNALS, "SIGNALS", 8));
  expect(messages).toHaveLength(1);
});

test("a stream that is new since the last heartbeat has its place by the ack, and those of the others stay", async () => {
  take(SIGNALS);
  socket().open();
  socket().says({ type: "ack", id: 1, cursor: "SIGNALS:7:a" });
  socket().says({ type: "heartbeat", cursor: "SIGNALS:9:a" });
  take(PATTERNS);
  await vi.advanceTimersByTimeAsync(0);
  socket().says({ type: "ack", id: 2, cursor: "PATTERNS:3:b" });
  const [asked] = await comeBack();
  expect(asked).toMatchObject({ channels: [SIGNALS, PATTERNS], after: "SIGNALS:9:a,PATTERNS:3:b" });
});

test("while what was missed is being sent the place stays, and moves with resumed", async () => {
  take(SIGNALS);
  socket().open();
  socket().says({ type: "ack", id: 1, cursor: "SIGNALS:7:a" });
  await comeBack();
  socket().says({ type: "ack", id: 2, cursor: "SIGNALS:7:a" });
  socket().says({ type: "heartbeat", cursor: "SIGNALS:12:a,PATTERNS:1:b" });
  expect((await comeBack())[0]?.after).toBe("SIGNALS:7:a,PATTERNS:1:b");
  socket().says({ type: "ack", id: 3, cursor: "SIGNALS:7:a" });
  socket().says({ type: "resumed", id: 3, cursor: "SIGNALS:20:a" });
  expect((await comeBack())[0]?.after).toBe("SIGNALS:20:a,PATTERNS:1:b");
});

test("a channel begins with its snapshot, whenever the connection is lost before that is here", async () => {
  take(SIGNALS);
  socket().open();
  socket().says({ type: "ack", id: 1, cursor: "SIGNALS:7:a,CANDLES:40:c" });
  take(CANDLES, 100);
  const asked = { op: "subscribe", channels: [CANDLES], snapshot: 100 };
  for (const id of [3, 5]) {
    const [signals, candles] = await comeBack();
    expect(signals?.after).toBe("SIGNALS:7:a,CANDLES:40:c");
    expect(candles).toEqual({ ...asked, id });
    socket().says({ type: "resumed", id: id - 1, cursor: "SIGNALS:7:a,CANDLES:40:c" });
    socket().says({ type: "ack", id, cursor: "SIGNALS:7:a" });
  }
  socket().says({ type: "heartbeat", cursor: "SIGNALS:7:a,CANDLES:55:c" });
  const again = await comeBack();
  expect(again.map(({ channels, after }) => [channels, after])).toEqual([
    [[SIGNALS], "SIGNALS:7:a,CANDLES:55:c"],
    [[CANDLES], "SIGNALS:7:a,CANDLES:55:c"],
  ]);
});

test("what the gateway cannot serve is asked for again from the same place, with growing pauses", async () => {
  take(SIGNALS);
  socket().open();
  socket().says({ type: "ack", id: 1, cursor: "SIGNALS:7:a" });
  await comeBack();
  const gaps: number[] = [];
  for (let id = 2; id < 8; id++) {
    const { sent } = socket();
    expect(sent.at(-1)).toEqual({ op: "subscribe", id, channels: [SIGNALS], snapshot: 0, after: "SIGNALS:7:a" });
    socket().says({ type: "error", code: "unavailable", id });
    socket().says({ type: "heartbeat", cursor: "SIGNALS:99:a" });
    const begun = Date.now();
    for (const count = sent.length; sent.length === count; ) {
      await vi.advanceTimersByTimeAsync(50);
      socket().says({ type: "heartbeat", cursor: "SIGNALS:99:a" });
    }
    gaps.push(Date.now() - begun);
  }
  for (const [i, gap] of gaps.entries()) {
    expect(gap).toBeGreaterThanOrEqual(250 * 2 ** i);
    expect(gap).toBeLessThanOrEqual(500 * 2 ** i + 50);
  }
});

test("what was refused unread, because it came too fast, is asked for again; what was answered is not", async () => {
  take(SIGNALS);
  take(CANDLES, 5);
  socket().open();
  socket().says({ type: "error", code: "rate-limited", id: null });
  socket().says({ type: "ack", id: 1, cursor: "SIGNALS:7:a" });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(socket().sent.map(({ id, channels }) => [id, channels])).toEqual([
    [1, [SIGNALS]],
    [2, [CANDLES]],
    [3, [CANDLES]],
  ]);
});

test("the end of a channel that was refused unread is sent again until it is answered, unless somebody has taken the channel again", async () => {
  const channels = [SIGNALS, PATTERNS, CANDLES] as const;
  const ends = channels.map((channel) => live.subscribe(channel, {}, () => {}));
  socket().open();
  socket().says({ type: "ack", id: 1, cursor: "SIGNALS:7:a" });
  for (const end of ends) end();
  await vi.advanceTimersByTimeAsync(0);
  socket().says({ type: "error", code: "rate-limited", id: null });
  live.subscribe(PATTERNS, {}, () => {});
  await vi.advanceTimersByTimeAsync(1_000);
  // the first was read after all
  const rejected = [{ channel: SIGNALS, code: "not-subscribed", fix: "list tells what is subscribed" }];
  socket().says({ type: "ack", id: 4, accepted: [CANDLES], rejected });
  socket().says({ type: "error", code: "rate-limited", id: null });
  socket().says({ type: "ack", id: 3, cursor: "SIGNALS:7:a" });
  await vi.advanceTimersByTimeAsync(5_000);
  expect(refused).toEqual([]);
  expect(socket().sent.map(({ op, id, channels: told }) => [op, id, told])).toEqual([
    ["subscribe", 1, channels],
    ["unsubscribe", 2, channels],
    ["subscribe", 3, [PATTERNS]],
    ["unsubscribe", 4, [SIGNALS, CANDLES]],
  ]);
});

test("resync of a channel forgets its places, and those of no other", async () => {
  const signals = take(SIGNALS);
  const patterns = take(PATTERNS);
  socket().open();
  socket().says({ type: "ack", id: 1, cursor: "SIGNALS:7:a,PATTERNS:7:b" });
  for (const [channel, stream] of [[SIGNALS, "SIGNALS"] as const, [PATTERNS, "PATTERNS"] as const]) {
    socket().says(update(channel, stream, 8));
  }
  await comeBack();
  socket().says({ type: "resync", channel: SIGNALS, reason: "made anew", from: null, read: null });
  socket().says(update(SIGNALS, "SIGNALS", 1));
  socket().says(update(PATTERNS, "PATTERNS", 8));
  socket().says(update(PATTERNS, "PATTERNS", 9));
  expect(signals.map(({ type }) => type)).toEqual(["update", "resync", "update"]);
  expect(patterns.map((message) => message.type === "update" && message.seq)).toEqual([8, 9]);
});

test("a gateway that opens connections and closes them is asked less and less often, until it answers", async () => {
  const pauses = (): number[] => states.flatMap((state) => (state.state === "offline" ? [state.retryInMs] : []));
  take(SIGNALS);
  for (let i = 0; i < 8; i++) {
    socket().open();
    socket().close("limit of 1000 connections reached");
    await nextTry();
  }
  for (const [i, pause] of pauses().entries()) {
    expect(pause).toBeGreaterThanOrEqual(Math.min(250 * 2 ** i, 15_000));
  }
  socket().open();
  socket().says({ type: "ack", id: 9, cursor: "" });
  socket().close();
  expect(pauses().at(-1)).toBeLessThanOrEqual(500);
});
