import { expect, test } from "vitest";
import { CHANNEL_CLASSES, channelName, liveForm, parseChannel, storedFilters, streamOfClass } from "./channel.ts";
import { matchesChannel } from "./channel-match.ts";
import { parametersOf, subjectOf } from "./message.ts";
import { messages } from "./registry.ts";
import { describeParameters } from "./subject-parameters.ts";

test("every class names the parameters of all its messages, and keeps them in one stream", () => {
  for (const [name, { definitions, parts }] of Object.entries(CHANNEL_CLASSES)) {
    for (const definition of definitions) {
      const parameters = describeParameters(definition.template).map((parameter) => parameter.name);
      expect([name, parameters.filter((parameter) => parameter !== "p")]).toEqual([name, parts]);
      if (definition.stream !== null) expect(definition.stream).toBe(streamOfClass(name));
    }
  }
});

test("whatever is republished can be subscribed to", () => {
  const covered = new Set(Object.values(CHANNEL_CLASSES).flatMap(({ definitions }) => definitions.map((definition) => definition.name)));
  const missing = messages.filter((definition) => liveForm(definition).template !== definition.template && !covered.has(definition.name));
  expect(missing.map((definition) => definition.name)).toEqual([]);
});

test("a text that is no channel says what was expected", () => {
  expect(parseChannel("candle:demo:BTC-USDT")).toMatchObject({ code: "bad-channel", expected: expect.stringContaining("<timeframe>") });
  expect(parseChannel("candle:demo::1m")).toMatchObject({ code: "bad-channel" });
  expect(parseChannel("candles:demo:BTC-USDT:1m")).toMatchObject({ code: "unknown-class", found: "candles" });
  expect(parseChannel("constructor:a:b")).toMatchObject({ code: "unknown-class" });
  expect(parseChannel("signal:*:*:2m")).toMatchObject({ code: "unknown-timeframe", found: "2m" });
});

test("a channel stands for those that differ only where it has a star", () => {
  const channel = parseChannel("signal:demo:*:1h");
  if ("code" in channel) throw new Error(channel.expected);
  expect(matchesChannel(channel.text, "signal:demo:ETH-USDT:1h")).toBe(true);
  expect(matchesChannel(channel.text, "signal:binance:ETH-USDT:1h")).toBe(false);
  expect(matchesChannel(channel.text, "pattern:demo:ETH-USDT:1h")).toBe(false);
  expect(storedFilters(channel, "SIGNALS")).toEqual(["md.v1.signal.*.demo.*.1h"]);
});

test("a live subject leads back to its channel, whatever is in a name", () => {
  for (const [name, { definitions, parts }] of Object.entries(CHANNEL_CLASSES)) {
    const values = Object.fromEntries(parts.map((part) => [part, part === "timeframe" ? "1m" : `a/b ${part}`]));
    for (const definition of definitions.map(liveForm)) {
      const parameters = parametersOf(definition, subjectOf(definition, values));
      expect(channelName(name, parameters as Record<string, string>)).toBe([name, ...parts.map((part) => values[part])].join(":"));
    }
  }
});
