import { formingCandle } from "@tickfleet/contracts/candle-messages";
import {
  CHANNEL_CLASSES,
  type Channel,
  channelName,
  channelParameters,
  classOfChannel,
  liveForm,
  parseChannel,
} from "@tickfleet/contracts/channel";
import { filterOf, type MessageDefinition, parametersOf } from "@tickfleet/contracts/message";
import type { FleetLocation } from "@tickfleet/local/fleet-location";
import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import { type Command, formatTable, parseCommandLine, printLine, UsageError } from "./command.ts";
import { withBus } from "./fleet-access.ts";
import { describeSilence, listInstruments } from "./silence.ts";

const HELP = `tickfleet subscribe CHANNEL... [options]

Prints what is published on the channels from now on, one JSON line per message:
  {"channel":"candle:binance:BTC-USDT:1m","kind":"candle","seq":12,"prev":8,"data":{...}}
seq is the message's place in its stream and prev that of the one before it on the same subject: a prev that is not
the last seq seen tells of a gap. Forming candles are kept in no stream and have neither.

${describeClasses()}

TIMEFRAME is one of ${TIMEFRAMES.join(", ")}. Each part may be *, quoted for the shell: 'candle:*:*:1m'.

  --closed      no forming candles
  --count N     end after N messages
  --data DIR    data folder of the fleet (.tickfleet)`;

/** Headers of stored messages that are passed on, and the names they get. */
const PLACES: Readonly<Record<string, string>> = { "Nats-Sequence": "seq", "Nats-Last-Sequence": "prev" };

/** So long without a message, something may be wrong with what was asked for. */
const SILENCE_MS = 5_000;

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
    await withBus(values.data, async (bus, fleet) => {
      let left = count;
      const hint = setTimeout(() => void tellSilence(fleet, filters), SILENCE_MS);
      await new Promise<void>((resolve) => {
        for (const {
          definition,
          channel: { name },
          subject,
        } of filters) {
          bus.subscribeCore(subject, (at, data, headers) => {
            const parameters = parametersOf(definition, at);
            if (left <= 0 || parameters === null) return;
            left -= 1;
            clearTimeout(hint);
            const channel = channelName(name, parameters);
            const place = (name: string): object => (headers?.has(name) ? { [PLACES[name] as string]: Number(headers.get(name)) } : {});
            const head = { channel, kind: definition.name, ...place("Nats-Sequence"), ...place("Nats-Last-Sequence") };
            // the payload goes on as it came: numbers keep their digits
            printLine(`${JSON.stringify(head).slice(0, -1)},"data":${decoder.decode(data)}}`);
            if (left === 0) resolve();
          });
        }
        for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
        void bus.connection.flush().then(() => process.stderr.write("listening\n"));
      });
      clearTimeout(hint);
    });
    return 0;
  },
};

interface Filter {
  definition: MessageDefinition;
  channel: Channel;
  subject: string;
}

async function tellSilence(fleet: FleetLocation, filters: readonly Filter[]): Promise<void> {
  // a hint only: what cannot be asked is left out
  const instruments = await listInstruments(fleet).catch(() => null);
  const channels = [...new Set(filters.map(({ channel }) => channel))];
  process.stderr.write(`${instruments === null ? "nothing came yet" : describeSilence(channels, instruments)}\n`);
}

function filtersOf(text: string, closedOnly: boolean): Filter[] {
  const channel = parseChannel(text);
  if ("code" in channel) throw new UsageError(`${text}: expected ${channel.expected}, found ${channel.found}`);
  return classOfChannel(channel)
    .definitions.filter((definition) => !(closedOnly && definition === formingCandle))
    .map(liveForm)
    .map((definition) => ({ definition, channel, subject: filterOf(definition, channelParameters(channel)) }));
}

function describeClasses(): string {
  const rows = Object.entries(CHANNEL_CLASSES).map(([name, { parts, summary }]) => [
    `  ${[name, ...parts.map((part) => part.toUpperCase())].join(":")}`,
    summary,
  ]);
  return formatTable(rows).join("\n");
}
