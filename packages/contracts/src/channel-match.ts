/** Part of a channel that stands for every name. */
export const ANY_NAME = "*";

/** Whether a channel without `*` is one of those that this one stands for: `signal:*:*:1h` for `signal:demo:BTC-USDT:1h`. */
export function matchesChannel(channel: string, concrete: string): boolean {
  if (channel === concrete) return true;
  const wanted = channel.split(":");
  const parts = concrete.split(":");
  return wanted.length === parts.length && wanted.every((part, i) => part === parts[i] || (i > 0 && part === ANY_NAME));
}
