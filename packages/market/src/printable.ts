const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;
const UNSTORABLE = /[\0\p{Cs}]/u;
const EVERY_UNSTORABLE = new RegExp(UNSTORABLE, "gu");
const REPLACEMENT = "\ufffd";

/** Whether a text can be a name or an id: without control characters and without lone surrogates (halves of a character). */
export function isPrintable(text: string): boolean {
  return !UNPRINTABLE.test(text);
}

/** Whether PostgreSQL takes a text, in jsonb too: without NUL and without lone surrogates. */
export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** The text with U+FFFD in place of every NUL and every lone surrogate. */
export function toStorable(text: string): string {
  return isStorable(text) ? text : text.replace(EVERY_UNSTORABLE, REPLACEMENT);
}
