import type { Client } from "@tickfleet/client/client";
import { absentPart } from "./part.ts";
import type { SignalRow } from "./rows.ts";
import { type Explanation, explanation, pickedSignal } from "./store.ts";

/** Opens or closes the explanation of a signal; the gateway is asked for what the message does not hold. */
export async function pickSignal(client: Client, row: SignalRow | null): Promise<void> {
  pickedSignal.value = row;
  explanation.value = { state: "loading" };
  if (row === null) return;
  try {
    const value = await client.get<Explanation>(`signals/${encodeURIComponent(row.id)}/explain`);
    if (pickedSignal.value?.id === row.id) explanation.value = { state: "ready", value };
  } catch (error) {
    if (pickedSignal.value?.id === row.id) explanation.value = absentPart(error, "explanations");
  }
}
