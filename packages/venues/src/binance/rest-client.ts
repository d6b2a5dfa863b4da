import { createJsonClient, type JsonClient, describeStatus as statusInWords } from "../json-client.ts";
import { refusalIn } from "./parse.ts";

export interface RestClientOptions {
  /** Such as `https://api.binance.com`. */
  baseUrl: string;
  /** Sent as X-MBX-APIKEY; only reading of market data is ever asked for. */
  apiKey?: string | undefined;
  timeoutMs?: number;
  /** Longest wait for a rate limit to pass; a longer one is an error at once. */
  maxWaitMs?: number;
  /** Most requests for one answer, the first included; at least 1. */
  attempts?: number;
}

/** Asks for a path with a query and gives the parsed JSON; @throws RestError */
export type RestGet = (path: string, query?: Readonly<Record<string, string | number>>, signal?: AbortSignal) => Promise<unknown>;

/** A client of Binance's REST interface, of any of its markets. */
export function createRestClient({ apiKey, ...options }: RestClientOptions): RestGet {
  const headers: Record<string, string> = apiKey === undefined ? {} : { "X-MBX-APIKEY": apiKey };
  const ask: JsonClient = createJsonClient({ ...options, headers, refusalIn, describeStatus });
  return (path, query, signal) => ask(path, { query }, signal);
}

/** What a status of Binance means in words. */
export function describeStatus(status: number): string {
  if (status === 451) return "Binance does not serve this region; use a base URL that it serves you, or another source";
  if (status === 418) return "banned for a time for too many requests";
  if (status === 403) return "refused by the firewall";
  return status >= 500 ? "a fault of the venue" : statusInWords(status);
}
