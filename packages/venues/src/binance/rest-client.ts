import { setTimeout as sleep } from "node:timers/promises";
import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, ExponentialBackoff, handleWhen, retry, wrap } from "cockatiel";

/** An answer of Binance's REST interface that is no success, or none at all. */
export class BinanceRestError extends Error {
  override name = "BinanceRestError";
  /** HTTP status, 0 where no answer came. */
  status: number;
  /** Binance's own code, such as -1121, null where it gave none. */
  code: number | null;
  /** How long not to ask again, null where the answer did not say. */
  retryAfterMs: number | null;

  constructor(message: string, status: number, code: number | null, retryAfterMs: number | null, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface RestClientOptions {
  /** Such as `https://api.binance.com`. */
  baseUrl: string;
  /** Sent as X-MBX-APIKEY; only reading of market data is ever asked for. */
  apiKey?: string | undefined;
  timeoutMs?: number;
  /** Longest wait for a rate limit to pass; a longer one is an error at once. */
  maxWaitMs?: number;
  attempts?: number;
}

/** Asks for a path with a query and gives the parsed JSON; @throws BinanceRestError */
export type RestGet = (path: string, query?: Readonly<Record<string, string | number>>, signal?: AbortSignal) => Promise<unknown>;

const BREAKER_FAILURES = 5;
const BREAKER_OPEN_MS = 5_000;
const DEFAULT_BAN_MS = 60_000;

/**
 * A GET of JSON that tries again with backoff where the fault may pass, rests after several in a row, and asks
 * nothing while a rate limit (429) or ban (418) lasts.
 */
export function createRestClient(options: RestClientOptions): RestGet {
  const { timeoutMs = 5_000, maxWaitMs = 5_000, attempts = 2 } = options;
  let blockedUntilMs = 0;
  const breaker = circuitBreaker(handleWhen(mayPass), {
    halfOpenAfter: BREAKER_OPEN_MS,
    breaker: new ConsecutiveBreaker(BREAKER_FAILURES),
  });
  const again = retry(handleWhen(mayPass), {
    maxAttempts: attempts,
    backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 2_000 }),
  });
  const policy = wrap(again, breaker);

  return async (path, query = {}, signal) => {
    try {
      return await policy.execute(({ signal: attempt }) => ask(path, query, attempt), signal);
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) throw error;
      throw new BinanceRestError(`${path}: not asked, ${BREAKER_FAILURES} requests failed in a row`, 0, null, BREAKER_OPEN_MS, {
        cause: error,
      });
    }
  };

  async function ask(path: string, query: Readonly<Record<string, string | number>>, signal: AbortSignal): Promise<unknown> {
    await waitForLimit(path, signal);
    const url = new URL(path, options.baseUrl);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    const headers: Record<string, string> = options.apiKey === undefined ? {} : { "X-MBX-APIKEY": options.apiKey };
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, { headers, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
      text = await response.text();
    } catch (cause) {
      throw new BinanceRestError(`${path}: no answer from ${url.host}: ${reasonOf(cause)}`, 0, null, null, { cause });
    }
    if (response.ok) return parseBody(path, text);
    const error = refusal(path, response, text);
    if (error.status === 429 || error.status === 418) blockedUntilMs = Date.now() + (error.retryAfterMs ?? DEFAULT_BAN_MS);
    throw error;
  }

  async function waitForLimit(path: string, signal: AbortSignal): Promise<void> {
    const waitMs = blockedUntilMs - Date.now();
    if (waitMs <= 0) return;
    if (waitMs > maxWaitMs)
      throw new BinanceRestError(`${path}: not asked, rate limited for ${Math.ceil(waitMs / 1000)} s more`, 429, null, waitMs);
    await sleep(waitMs, undefined, { signal });
  }
}

/** No answer, a server's own fault, and a rate limit may pass; everything else is for good. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof BinanceRestError) || isAbort(error.cause)) return false;
  return error.status === 0 || error.status >= 500 || (error.status === 429 && (error.retryAfterMs ?? 0) <= 2_000);
}

/** True where the same request may be answered later: nobody answered, the venue has a fault, or a rate limit or ban lasts. */
export function isPassing(error: unknown): error is BinanceRestError {
  if (!(error instanceof BinanceRestError)) return false;
  return error.status === 0 || error.status >= 500 || error.status === 429 || error.status === 418;
}

function isAbort(cause: unknown): boolean {
  return cause instanceof Error && cause.name === "AbortError";
}

function refusal(path: string, response: Response, text: string): BinanceRestError {
  const body = /"code"\s*:\s*(-?\d+)\s*,\s*"msg"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text);
  const code = body ? Number(body[1]) : null;
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : null;
  const { status } = response;
  const said = body ? `${body[1]} ${body[2]}` : text.slice(0, 200);
  return new BinanceRestError(`${path}: HTTP ${status}, ${describeStatus(status)}: ${said}`, status, code, retryAfterMs);
}

/** What a status of Binance means in words. */
export function describeStatus(status: number): string {
  if (status === 451) return "Binance does not serve this region; use a base URL that it serves you, or another source";
  if (status === 429) return "too many requests";
  if (status === 418) return "banned for a time for too many requests";
  if (status === 403) return "refused by the firewall";
  return status >= 500 ? "a fault of the venue" : "request refused";
}

function parseBody(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BinanceRestError(`${path}: expected JSON, found ${JSON.stringify(text.slice(0, 80))}`, 502, null, null, { cause });
  }
}

function reasonOf(cause: unknown): string {
  const error = cause as Error & { cause?: Error };
  return error.cause?.message || error.message || String(cause);
}
