import type { MessageDefinition, Payload } from "./message.ts";

/** One message as it goes over the wire. */
export interface Example {
  definition: MessageDefinition;
  payload: object;
}

export const stamps = { received: 1_718_000_059_998_120, published: 1_718_000_060_003_004 };

export function example<Definition extends MessageDefinition>(definition: Definition, payload: Payload<Definition>): Example {
  return { definition, payload: payload as object };
}
