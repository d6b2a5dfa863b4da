import { InvalidMessageError } from "@tickfleet/market/invalid-message-error";
import type { Scaled } from "./source.ts";

/** Most decimals a price or size may have. */
export const MAX_SCALE = 18;

/**
 * Reads a decimal number exactly; zeros at the end of the fraction are trimmed (`61838.0400` is 6183804 at scale 2).
 * Exponents are understood (`1e-7`).
 * @throws InvalidMessageError where the text is no decimal number, has over 18 decimals, or its digits exceed 2^53
 */
export function parseDecimal(text: string): Scaled {
  let value = 0;
  let scale = 0;
  let zeros = 0;
  let digits = 0;
  let fraction = false;
  let i = text.charCodeAt(0) === 45 ? 1 : 0;
  const negative = i === 1;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) {
      digits += 1;
      if (fraction && code === 48) {
        zeros += 1;
        continue;
      }
      for (; zeros > 0; zeros--) {
        value = grow(value, 0, text);
        scale += 1;
      }
      value = grow(value, code - 48, text);
      if (fraction) scale += 1;
    } else if (code === 46 && !fraction) {
      fraction = true;
    } else {
      break;
    }
  }
  if (digits === 0) throw malformed(text);
  if (i < text.length) return shifted(negative ? -value : value, scale, text, i);
  if (scale > MAX_SCALE) throw tooFine(text);
  return { value: negative && value !== 0 ? -value : value, scale };
}

/**
 * The same number at another scale.
 * @throws InvalidMessageError where that would lose digits or exceed 2^53
 */
export function rescale(scaled: Scaled, scale: number): number {
  let value = scaled.value;
  for (let at = scaled.scale; at < scale; at++) value *= 10;
  for (let at = scaled.scale; at > scale; at--) {
    if (value % 10 !== 0) throw new InvalidMessageError(`${scaled.value} at scale ${scaled.scale} has more than ${scale} decimals`);
    value /= 10;
  }
  if (!Number.isSafeInteger(value))
    throw new InvalidMessageError(`${scaled.value} at scale ${scaled.scale} exceeds 2^53 at scale ${scale}`);
  return value;
}

function shifted(mantissa: number, mantissaScale: number, text: string, at: number): Scaled {
  const exponent = /^[eE]([+-]?\d{1,3})$/.exec(text.slice(at))?.[1];
  if (exponent === undefined) throw malformed(text);
  if (mantissa === 0) return { value: 0, scale: 0 };
  let value = mantissa;
  let scale = mantissaScale - Number(exponent);
  for (; scale < 0; scale++) value = grow(value, 0, text);
  for (; scale > 0 && value % 10 === 0; scale--) value /= 10;
  if (scale > MAX_SCALE) throw tooFine(text);
  return { value, scale };
}

function grow(value: number, digit: number, text: string): number {
  const next = value * 10 + digit;
  if (Math.abs(next) > Number.MAX_SAFE_INTEGER) throw new InvalidMessageError(`decimal number has digits beyond 2^53: ${quoted(text)}`);
  return next;
}

function malformed(text: string): InvalidMessageError {
  return new InvalidMessageError(`expected a decimal number, found ${quoted(text)}`);
}

function tooFine(text: string): InvalidMessageError {
  return new InvalidMessageError(`decimal number has more than ${MAX_SCALE} decimals: ${quoted(text)}`);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
