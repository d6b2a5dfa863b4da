import { isPrintable, isStorable } from "@tickfleet/market/printable";
import { z } from "zod";

// A pattern in the published schemas would be a breaking change, and not every validator knows Unicode's classes: the reference says it.

/** A name or an id: not empty, without control characters and lone surrogates, which no table takes. */
export const nameText = z.string().min(1).refine(isPrintable, "holds a control character");

/** An id that may be empty. */
export const idText = z.string().refine(isPrintable, "holds a control character");

/** Words for people, without NUL and lone surrogates. */
export const freeText = z.string().refine(isStorable, "holds NUL or a lone surrogate");
