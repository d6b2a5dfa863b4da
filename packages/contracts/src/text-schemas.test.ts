import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import { describe, expect, test } from "vitest";
import { replayCommand } from "./control-messages.ts";
import { exampleOf } from "./examples.ts";
import { clock, gap, status, tradeBatch } from "./market-messages.ts";
import type { MessageDefinition } from "./message.ts";
import { createBatchColumns, decodeTradeBatch } from "./trade-batch.ts";

const BAD_NAMES = ["AB\u0000C", "AB\nC", "AB\u007f", "AB\u0085", "AB\ud800", ""];
const BAD_TEXTS = ["AB\u0000C", "AB\ud800"];

function decodes(payload: object): boolean {
  try {
    decodeTradeBatch(new TextEncoder().encode(JSON.stringify(payload)), createBatchColumns());
    return true;
  } catch (error) {
    if (error instanceof InvalidMessageError) return false;
    throw error;
  }
}

function accepts(definition: MessageDefinition, change: object): boolean {
  const payload = { ...(exampleOf(definition) as object), ...change };
  const accepted = definition.schema.safeParse(payload).success;
  if ((definition as unknown) === tradeBatch) expect(decodes(payload)).toBe(accepted);
  return accepted;
}

describe("a name that no table takes", () => {
  test.each([
    [tradeBatch, "venue"],
    [tradeBatch, "instrument"],
    [tradeBatch, "fill"],
    [clock, "connection"],
    [status, "venue"],
    [gap, "id"],
    [gap, "instrument"],
    [replayCommand, "id"],
  ] as [MessageDefinition, string][])("is refused: %o %s", (definition, field) => {
    expect(accepts(definition, { [field]: "Тикер-株🚀" })).toBe(true);
    for (const bad of BAD_NAMES) expect(accepts(definition, { [field]: bad }), JSON.stringify(bad)).toBe(false);
  });

  test("is refused as an instrument of a status, as an epoch and in a list", () => {
    const [listed] = (exampleOf(status) as { instruments: object[] }).instruments;
    for (const bad of BAD_NAMES) {
      expect(accepts(status, { instruments: [{ ...listed, instrument: bad }] })).toBe(false);
      expect(accepts(clock, { held: [bad] })).toBe(false);
      expect(accepts(tradeBatch, { epoch: bad })).toBe(bad === "");
    }
  });
});

test("a reason may have any characters but NUL and lone surrogates", () => {
  for (const definition of [status, gap] as MessageDefinition[]) {
    expect(accepts(definition, { reason: "closed:\n\tby the venue" })).toBe(true);
    for (const bad of BAD_TEXTS) expect(accepts(definition, { reason: bad })).toBe(false);
  }
});

test("a trade's id may be any text that a table takes", () => {
  const { count } = exampleOf(tradeBatch) as { count: number };
  const withIds = (id: string | null): object => ({ tradeId: Array.from({ length: count }, (_, i) => (i === count - 1 ? id : "x")) });
  for (const good of ["a\\b", 'a"b', "🚀", "", null]) expect(accepts(tradeBatch, withIds(good))).toBe(true);
  for (const bad of BAD_TEXTS) expect(accepts(tradeBatch, withIds(bad))).toBe(false);
});
