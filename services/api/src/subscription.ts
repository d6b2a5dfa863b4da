import { type Channel, streamOfClass } from "@tickfleet/contracts/channel";
import type { StreamName } from "@tickfleet/contracts/message";
import type { LiveMessage } from "./live-message.ts";

/** A channel that a client takes. */
export interface Subscription {
  channel: Channel;
  stream: StreamName | null;
  /** No forming candles. */
  closedOnly: boolean;
  /** Messages of the stream beyond this one go out as they come; null while what was missed is being sent. */
  liveFrom: number | null;
}

export function createSubscription(channel: Channel, closedOnly: boolean): Subscription {
  return { channel, stream: streamOfClass(channel.name), closedOnly, liveFrom: null };
}

/** Whether a message that has just come goes out for this subscription. */
export function takesLive(subscription: Subscription, message: LiveMessage): boolean {
  if (message.seq === null) return !subscription.closedOnly;
  return subscription.liveFrom !== null && message.seq > subscription.liveFrom;
}
