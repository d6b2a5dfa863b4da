import type { NewsAnswer, NewsItem } from "./news.ts";

/** What a parser made of one entry: a text, null where it was taken back, or what is wrong with it. */
type ParsedEntry = { success: true; data: NewsItem | null } | { success: false; error: { issues: readonly Issue[] } };

interface Issue {
  path: readonly PropertyKey[];
  message: string;
}

const TAKEN_BACK = "taken back";

/**
 * The answer of which these are the entries. One that cannot be read, or was taken back, is left out with the reason: `taken
 * back`, or the first field that is wrong and how, which never holds the entry's own words. Where nothing could be read of
 * what was not taken back, the interface has changed, and the answer counts as none.
 * @param name of the answer, for the fault
 */
export function collectEntries(name: string, entries: readonly ParsedEntry[]): NewsAnswer {
  const items: NewsItem[] = [];
  const skipped: string[] = [];
  for (const entry of entries) {
    if (!entry.success) skipped.push(reasonOf(entry.error.issues));
    else if (entry.data === null) skipped.push(TAKEN_BACK);
    else items.push(entry.data);
  }
  const unreadable = skipped.filter((reason) => reason !== TAKEN_BACK);
  const answered = items.length > 0 || unreadable.length === 0;
  const fault = answered ? null : `${name}: none of ${unreadable.length} entries can be read; the first: ${unreadable[0]}`;
  return { items, skipped, fault, answered };
}

function reasonOf([first]: readonly Issue[]): string {
  const path = first?.path.map(String).join(".") || "entry";
  return `${path}: ${first?.message}`;
}
