/**
 * A well-mixed 32-bit number of a seed and three integers: the rounds and the finish of MurmurHash3 (x86, 32 bit).
 * The same everywhere and at every time; the demo's only source of chance.
 * @see https://github.com/aappleby/smhasher/wiki/MurmurHash3
 */
export function hash(seed: number, a: number, b = 0, c = 0): number {
  let h = seed | 0;
  h = round(h, a | 0);
  h = round(h, b | 0);
  h = round(h, c | 0);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The same as a number in [0, 1). */
export function chance(seed: number, a: number, b = 0, c = 0): number {
  return hash(seed, a, b, c) / 4_294_967_296;
}

function round(h: number, key: number): number {
  let k = Math.imul(key, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  h ^= Math.imul(k, 0x1b873593);
  h = (h << 13) | (h >>> 19);
  return (Math.imul(h, 5) + 0xe6546b64) | 0;
}
