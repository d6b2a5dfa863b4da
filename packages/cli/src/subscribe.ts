import { candle, candleRecomputed, formingCandle } from "@tickfleet/contracts/candle-messages";
import { futures, sentiment } from "@tickfleet/contracts/context-messages";
import { enriched, enrichedRecomputed } from "@tickfleet/contracts/enriched-messages";
import { clock, gap, status, tradeBatch } from "@tickfleet/contracts/market-messages";
import { classOf, filterOf, type MessageDefinition, parametersOf } from "@tickfleet/contracts/message";
import { pattern, signal } from "@tickfleet/contracts/pattern-messages";
import { liveTemplate } from "@tickfleet/contracts/registry";
import { isTimeframe, TIMEFRAMES } from "@tickfleet/market/timeframe";
import { type Command, parseCommandLine, printLine, UsageError } from "./command.ts";
import { withBus } from "./fleet-access.ts";

const HELP = `tickfleet subscribe CHANNEL... [options]

Prints what is published on the channels from now on, one JSON line per message:
  {"channel":"candle:binance:BTC-USDT:1m","kind":"candle","seq":12,"prev":8,"data":{...}}
seq is the message's place in its stream and prev that of the one before it on the same subject: a prev that is not
the last seq seen tells of a gap. Forming candles are kept in no stream and have neither.

  candle:VENUE:INSTRUMENT:TIMEFRAME   candles, forming and closed; TIMEFRAME is one of ${TIMEFRAMES.join(", ")}
  enriched:VENUE:INSTRUMENT:TIMEFRAME closed candles with their indicators
  pattern:VENUE:INSTRUMENT:TIMEFRAME  candlesticks on closed candles, graded
  signal:VENUE:INSTRUMENT:TIMEFRAME   trading signals with what led to them
  sentiment:PROVIDER:ASSET            what news and social media say; PROVIDER is fleet, or demo for invented texts
  futures:VENUE:INSTRUMENT            open interest, funding and basis of perpetuals
  trade:VENUE:INSTRUMENT              batches of trades
  gap:VENUE:INSTRUMENT                holes and what became of them
  clock:VENUE:CONNECTION              times up to which a connection is complete
  status:VENUE:CONNECTION             connections that begin, change and end

Each part may be *, quoted for the shell: 'candle:*:*:1m'.

  --closed      no forming candles
  --count N     end after N messages
  --data DIR    data folder of the fleet (.tickfleet)`;

interface Channel {
  definitions: readonly MessageDefinition[];
  parts: readonly string[];
}

const CHANNELS: Readonly<Record<string, Channel>> = {
  candle: { definitions: [candle, candleRecomputed, formingCandle], parts: ["venue", "instrument", "timeframe"] },
  enriched: { definitions: [enriched, enrichedRecomputed], parts: ["venue", "instrument", "timeframe"] },
  pattern: { definitions: [pattern], parts: ["venue", "instrument", "timeframe"] },
  signal: { definitions: [signal], parts: ["venue", "instrument", "timeframe"] },
  sentiment: { definitions: [sentiment], parts: ["provider", "asset"] },
  futures: { definitions: [futures], parts: ["venue", "instrument"] },
  trade: { definitions: [tradeBatch], parts: ["venue", "instrument"] },
  gap: { definitions: [gap], parts: ["venue", "instrument"] },
  clock: { definitions: [clock], parts: ["venue", "connection"] },
  status: { definitions: [status], parts: ["venue", "connection"] },
};

/** Headers of stored messages that are passed on, and the names they get. */
const PLACES: Readonly<Record<string, string>> = { "Nats-Sequence": "seq", "Nats-Last-Sequence": "prev" };

const decoder = new TextDecoder();

/** Prints live messages. */
export const subscribeCommand: Command = {
  name: "subscribe",
  summary: "print candles, trades and the rest as they are published",
  help: HELP,
  async run(args) {
    const { values, positionals } = parseCommandLine(args, {
      closed: { type: "boolean" },
      count: { type: "string" },
      data: { type: "string" },
    });
    if (positionals.length === 0) throw new UsageError("expected a channel such as 'candle:*:*:1m', found none");
    const count = values.count === undefined ? Number.POSITIVE_INFINITY : Number(values.count);
    if (!(count > 0)) throw new UsageError(`--count: expected a number above 0, found ${JSON.stringify(values.count)}`);
    const filters = positionals.flatMap((text) => filtersOf(text, values.closed === true));
    await withBus(values.data, async (bus) => {
      let left = count;
      await new Promise<void>((resolve) => {
        for (const { definition, kind, parts, subject } of filters) {
          bus.subscribeCore(subject, (at, data, headers) => {
            const parameters = parametersOf(definition, at);
            if (left <= 0 || parameters === null) return;
            left -= 1;
            const channel = [classOf(definition.template), ...parts.map((part) => parameters[part])].join(":");
            const place = (name: string): object => (headers?.has(name) ? { [PLACES[name] as string]: Number(headers.get(name)) } : {});
            const head = { channel, kind, ...place("Nats-Sequence"), ...place("Nats-Last-Sequence") };
            // the payload goes on as it came: numbers keep their digits
            printLine(`${JSON.stringify(head).slice(0, -1)},"data":${decoder.decode(data)}}`);
            if (left === 0) resolve();
          });
        }
        for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
        void bus.connection.flush().then(() => process.stderr.write("listening\n"));
      });
    });
    return 0;
  },
};

interface Filter {
  definition: MessageDefinition;
  kind: string;
  parts: readonly string[];
  subject: string;
}

function filtersOf(text: string, closedOnly: boolean): Filter[] {
  const [name = "", ...values] = text.split(":");
  const channel = CHANNELS[name];
  if (channel === undefined) throw new UsageError(`${text}: expected a channel of ${Object.keys(CHANNELS).join(", ")}, found ${name}`);
  const { definitions, parts } = channel;
  if (values.length !== parts.length || values.includes("")) {
    throw new UsageError(`${text}: expected ${[name, ...parts.map((part) => part.toUpperCase())].join(":")}, each part a name or *`);
  }
  const timeframe = values[parts.indexOf("timeframe")];
  if (timeframe !== undefined && timeframe !== "*" && !isTimeframe(timeframe)) {
    throw new UsageError(`${text}: expected a timeframe of ${TIMEFRAMES.join(", ")}, found ${timeframe}`);
  }
  const parameters = Object.fromEntries(parts.flatMap((part, i) => (values[i] === "*" ? [] : [[part, values[i] as string]])));
  return definitions
    .filter((definition) => !(closedOnly && definition === formingCandle))
    .map((definition) => {
      const live = { ...definition, template: liveTemplate(definition) ?? definition.template };
      return { definition: live, kind: definition.name, parts, subject: filterOf(live, parameters) };
    });
}
