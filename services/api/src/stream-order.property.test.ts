import fc from "fast-check";
import { expect, test } from "vitest";
import { StreamOrder } from "./stream-order.ts";

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What happens to a published message on its way: it comes, is lost, or comes twice; and how the stream is read meanwhile. */
const stepArbitrary = fc.record({
  fate: fc.constantFrom("comes", "comes", "lost", "twice"),
  readFails: fc.boolean(),
  yields: fc.boolean(),
});

test("whatever is lost or doubled on the way, every message goes on once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepArbitrary, { maxLength: 60 }), async (steps) => {
      const stored: number[] = [0];
      const passed: number[] = [];
      let fails = false;
      const order = new StreamOrder<{ seq: number }>({
        read: async (from, to) => {
          await tick();
          if (fails) {
            fails = false;
            throw new Error("away");
          }
          return stored.filter((seq) => seq >= from && seq <= to).map((seq) => ({ seq }));
        },
        onMessage: ({ seq }) => passed.push(seq),
        onMissed: () => passed.push(Number.NaN),
        pause: tick,
      });
      order.catchUp(0, null);
      for (const [i, step] of steps.entries()) {
        const seq = i + 1;
        stored.push(seq);
        fails = step.readFails;
        if (step.fate !== "lost") order.offer({ seq });
        if (step.fate === "twice") order.offer({ seq });
        if (step.yields) await tick();
      }
      for (let round = 0; round < 20 && order.position !== steps.length; round++) {
        order.catchUp(steps.length, order.position);
        for (let i = 0; i < 10; i++) await tick();
      }
      expect(passed).toEqual(steps.map((_, i) => i + 1));
    }),
  );
});

test("what cannot be read is told, and what comes after it goes on", async () => {
  const seen: (number | string)[] = [];
  const order = new StreamOrder<{ seq: number }>({
    read: async () => null,
    onMessage: ({ seq }) => seen.push(seq),
    onMissed: () => seen.push("missed"),
    pause: tick,
  });
  for (const seq of [4, 9, 10]) order.offer({ seq });
  await tick();
  expect(seen).toEqual([4, "missed", 9, 10]);
  order.catchUp(3, order.position);
  order.offer({ seq: 4 });
  expect(seen).toEqual([4, "missed", 9, 10, "missed", 4]);
});
