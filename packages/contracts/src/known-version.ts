import { messages } from "./registry.ts";

const FIRST_VERSION = "v1";
const heads = new Set(messages.map(({ template }) => headOf(template)));
const classes = new Set(messages.map(({ template }) => template.split(".", 3)[2]));

/**
 * Whether the major version in a stored subject, such as the `v2` of `md.v2.trade.3.binance.BTC-USDT`, is one that the
 * registry describes. A class that has no message yet has its first version only.
 */
export function isKnownVersion(subject: string): boolean {
  if (heads.has(headOf(subject))) return true;
  const [, version, name] = subject.split(".", 3);
  return version === FIRST_VERSION && !classes.has(name);
}

/** Prefix, version and class. */
function headOf(subject: string): string {
  return subject.split(".", 3).join(".");
}
