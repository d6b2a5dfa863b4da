/** A text that is stored, or is to be. */
export interface HashedItem {
  /** Its identity. */
  key: string;
  hash: string;
  /** Epoch milliseconds. */
  publishedTime: number;
}

export const REPEAT_MS = 86_400_000;

/**
 * Finds the texts that say what another said within 24 hours, before or after: what is stored counts, and of new ones the
 * first in the order of (publication, key).
 * @param stored texts that count, of the hashes and times in question
 * @returns the key of the text that counts, by key of the repeat
 */
export function findRepeats(stored: readonly HashedItem[], fresh: readonly HashedItem[]): Map<string, string> {
  const counting = new Map<string, HashedItem[]>();
  const add = (item: HashedItem): void => void counting.set(item.hash, [...(counting.get(item.hash) ?? []), item]);
  for (const item of stored) add(item);
  const repeats = new Map<string, string>();
  for (const item of fresh.toSorted((a, b) => a.publishedTime - b.publishedTime || (a.key < b.key ? -1 : 1))) {
    const first = counting.get(item.hash)?.find((other) => Math.abs(other.publishedTime - item.publishedTime) < REPEAT_MS);
    if (first === undefined) add(item);
    else if (first.key !== item.key) repeats.set(item.key, first.key);
  }
  return repeats;
}
