import { deadLetter } from "@tickfleet/contracts/dead-letter-messages";
import { gap, tradeBatch } from "@tickfleet/contracts/market-messages";
import { type Payload, subjectOf } from "@tickfleet/contracts/message";
import { type Bus, StreamMissingError } from "@tickfleet/runtime/bus";
import type { ReplayJob } from "./replay-summary.ts";

/** A dead letter with its place among them. */
export type Letter = Payload<typeof deadLetter> & { dlqSeq: number };

const STREAM = "DLQ";
/** So many are looked at for a job; more are as bad. */
const MOST_OF_JOB = 10_000;
const decoder = new TextDecoder();

/** Where the dead letters stand, zeros where there never was one. */
export async function positionOfLetters(bus: Bus): Promise<{ firstSeq: number; lastSeq: number }> {
  try {
    return await bus.streamPosition(STREAM);
  } catch (error) {
    if (error instanceof StreamMissingError) return { firstSeq: 0, lastSeq: 0 };
    throw error;
  }
}

/** Null where there is none at that place. */
export async function letterAt(bus: Bus, dlqSeq: number): Promise<Letter | null> {
  const stored = await bus.getMessage(STREAM, dlqSeq);
  if (stored === null) return null;
  const parsed = deadLetter.schema.safeParse(JSON.parse(decoder.decode(stored.data)));
  return parsed.success ? { dlqSeq, ...parsed.data } : null;
}

/** The messages of a job's instruments that became dead letters behind this place: how many, and why the first one did. */
export async function lettersOfJob(bus: Bus, job: ReplayJob, behindSeq: number): Promise<{ messages: number; error: string } | null> {
  const { venue, instruments, lastSeq: lastMessage } = job;
  if (venue === null || lastMessage === null) return null;
  const subjects = new Set(instruments.flatMap((instrument) => [tradeBatch, gap].map((each) => subjectOf(each, { venue, instrument }))));
  const { firstSeq, lastSeq } = await positionOfLetters(bus);
  const messages = new Set<number>();
  let error = "";
  for (let seq = Math.max(firstSeq, behindSeq + 1); seq <= lastSeq && messages.size < MOST_OF_JOB; seq += 1) {
    const letter = await letterAt(bus, seq);
    if (letter?.stream !== "MARKET" || letter.streamSeq > lastMessage || !subjects.has(letter.subject)) continue;
    messages.add(letter.streamSeq);
    error ||= `${letter.service}: ${letter.error}`;
  }
  return messages.size === 0 ? null : { messages: messages.size, error };
}
