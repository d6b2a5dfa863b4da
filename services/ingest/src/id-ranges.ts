/** Ids as the first and last of each run, ascending: first, last, first, last ... */
export type IdRanges = number[];

/** Index of the run that holds an id, -1 where none does. */
export function indexOfRange(ranges: Readonly<IdRanges>, id: number): number {
  for (let i = 0; i < ranges.length; i += 2) if (id >= (ranges[i] as number) && id <= (ranges[i + 1] as number)) return i;
  return -1;
}

/** Takes an id out; false where it was not in. */
export function removeId(ranges: IdRanges, id: number): boolean {
  const at = indexOfRange(ranges, id);
  if (at < 0) return false;
  const first = ranges[at] as number;
  const last = ranges[at + 1] as number;
  const rest = [...(first < id ? [first, id - 1] : []), ...(id < last ? [id + 1, last] : [])];
  ranges.splice(at, 2, ...rest);
  return true;
}

/** How many ids there are. */
export function countIds(ranges: Readonly<IdRanges>): number {
  let count = 0;
  for (let i = 0; i < ranges.length; i += 2) count += (ranges[i + 1] as number) - (ranges[i] as number) + 1;
  return count;
}
