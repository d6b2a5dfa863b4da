const VENUE = /^[a-z0-9][a-z0-9_-]{0,31}$/;
const INSTRUMENT = /^(?=.*[\p{L}\p{N}])[\p{L}\p{M}\p{N}._\-/+=^@#&$]{1,64}$/u;

/** What `isVenueName` takes, in words. */
export const VENUE_NAME_RULE =
  "expected a venue of lower-case letters, digits, - and _ that begins with a letter or digit, at most 32 characters";

/** What `isInstrumentName` takes, in words. */
export const INSTRUMENT_NAME_RULE = "expected an instrument of letters, digits and . _ - / + = ^ @ # & $, at most 64 characters";

/** Whether files may be replayed as a venue of this name: nothing in it means anything in a channel, a subject or a shell. */
export function isVenueName(text: string): boolean {
  return VENUE.test(text);
}

/**
 * Whether an instrument of a file may be called so (`BTC-USDT-PERP`, `BRK.B`, `XBT/USD`, `ES=F`): channels are parted at `:`, `*` is
 * any name there, and `>` and blanks are no part of what exchanges call their instruments.
 */
export function isInstrumentName(text: string): boolean {
  return INSTRUMENT.test(text);
}
