import { deadLetterRetryCommand, deadLetterRetryReplySchema } from "@tickfleet/contracts/control-messages";
import type { Bus } from "@tickfleet/runtime/bus";
import { NoAnswerError, request } from "@tickfleet/runtime/request";
import {
  type Command,
  CommandError,
  EXIT_FAILED,
  formatTable,
  formatTime,
  parseCommandLine,
  printJson,
  printLine,
  UsageError,
} from "./command.ts";
import { withBus } from "./fleet-access.ts";
import { type Letter, letterAt, positionOfLetters } from "./letters.ts";

const HELP = `tickfleet dlq list|show|retry [SEQ...] [options]

Messages that a service could not process are kept for 30 days. SEQ is their place among the dead letters.

  list             the newest ones
  show SEQ...      whole, with the message as it was
  retry SEQ...     send them back as late data, after what was wrong is put right; the instruments go on
  retry --all      all of them

  --limit N        how many are listed (50)
  --data DIR       data folder of the fleet (.tickfleet)
  --json           one JSON line per letter`;

const ANSWER_MS = 10_000;
const MOST_AT_ONCE = 1_000;

/** Lists, shows and sends back dead letters. */
export const deadLetterCommand: Command = {
  name: "dlq",
  summary: "list, show and send back messages that could not be processed",
  help: HELP,
  async run(args) {
    const { values, positionals } = parseCommandLine(args, {
      all: { type: "boolean" },
      limit: { type: "string" },
      data: { type: "string" },
      json: { type: "boolean" },
    });
    const [action, ...words] = positionals;
    const seqs = words.map(sequenceOf);
    const limit = values.limit === undefined ? 50 : sequenceOf(values.limit);
    const json = values.json === true;
    switch (action) {
      case "list":
        if (words.length > 0) throw new UsageError(`list: expected options only, found ${words.join(" ")}`);
        return withBus(values.data, async (bus) => printList(await newest(bus, limit), json));
      case "show":
        if (seqs.length === 0) throw new UsageError("show: expected the sequences of dead letters, found none");
        return withBus(values.data, async (bus) => printLetters(await lettersAt(bus, seqs)));
      case "retry":
        if ((seqs.length === 0) === (values.all !== true)) throw new UsageError("retry: expected sequences or --all");
        return withBus(values.data, async (bus) =>
          retry(bus, values.all ? (await newest(bus, Number.MAX_SAFE_INTEGER)).map(({ dlqSeq }) => dlqSeq) : seqs, json),
        );
      default:
        throw new UsageError(`expected list, show or retry, found ${JSON.stringify(action ?? "nothing")}`);
    }
  },
};

function sequenceOf(text: string): number {
  const seq = Number(text);
  if (!Number.isSafeInteger(seq) || seq < 1) throw new UsageError(`expected a number above 0, found ${JSON.stringify(text)}`);
  return seq;
}

async function newest(bus: Bus, limit: number): Promise<Letter[]> {
  const letters: Letter[] = [];
  const { firstSeq, lastSeq } = await positionOfLetters(bus);
  for (let seq = lastSeq; seq >= Math.max(1, firstSeq) && letters.length < limit; seq -= 1) {
    const letter = await letterAt(bus, seq);
    if (letter !== null) letters.push(letter);
  }
  return letters.reverse();
}

async function lettersAt(bus: Bus, seqs: readonly number[]): Promise<Letter[]> {
  const letters: Letter[] = [];
  for (const seq of seqs) {
    const letter = await letterAt(bus, seq);
    if (letter === null) throw new CommandError(`there is no dead letter ${seq}; \`tickfleet dlq list\` shows those that are there`);
    letters.push(letter);
  }
  return letters;
}

function printList(letters: readonly Letter[], json: boolean): number {
  if (json) for (const { payload: _, ...letter } of letters) printJson(letter);
  else if (letters.length === 0) printLine("no dead letters");
  else {
    const rows = letters.map((letter) => [
      letter.dlqSeq,
      formatTime(letter.time),
      letter.service,
      letter.kind,
      `${letter.stream} ${letter.streamSeq}`,
      letter.subject,
      letter.error,
    ]);
    for (const line of formatTable(rows)) printLine(line);
  }
  return 0;
}

/** Whole letters; what is JSON in them is shown as such. */
function printLetters(letters: readonly Letter[]): number {
  for (const { payload, ...letter } of letters) {
    const text = Buffer.from(payload, "base64").toString();
    let message: object = { payload };
    try {
      message = { message: JSON.parse(text) as unknown };
    } catch {
      // kept as base64
    }
    printJson({ ...letter, ...message });
  }
  return 0;
}

async function retry(bus: Bus, seqs: readonly number[], json: boolean): Promise<number> {
  let retried = 0;
  const skipped: { dlqSeq: number; reason: string }[] = [];
  for (let at = 0; at < seqs.length; at += MOST_AT_ONCE) {
    const reply = await ask(bus, seqs.slice(at, at + MOST_AT_ONCE));
    retried += reply.retried;
    skipped.push(...reply.skipped);
  }
  if (json) printJson({ retried, skipped });
  else {
    printLine(`${retried} sent back`);
    for (const { dlqSeq, reason } of skipped) printLine(`${dlqSeq} not: ${reason}`);
  }
  return skipped.length === 0 ? 0 : EXIT_FAILED;
}

async function ask(bus: Bus, dlqSeqs: number[]): Promise<{ retried: number; skipped: { dlqSeq: number; reason: string }[] }> {
  try {
    const reply = await request(bus, deadLetterRetryCommand, { dlqSeqs }, deadLetterRetryReplySchema, ANSWER_MS);
    if ("error" in reply) throw new CommandError(reply.error);
    return reply;
  } catch (cause) {
    if (!(cause instanceof NoAnswerError)) throw cause;
    throw new CommandError(`ingest, which sends them back, does not answer (${cause.message}); \`tickfleet status\` shows what runs`, {
      cause,
    });
  }
}
