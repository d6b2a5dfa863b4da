import { setTimeout as sleep } from "node:timers/promises";
import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, ExponentialBackoff, handleWhen, retry, wrap } from "cockatiel";

/** An answer of an HTTP interface that is no success, or none at all. */
export class RestError extends Error {
  override name = "RestError";
  /** HTTP status, 0 where no answer came; where an answer says only in its body that it failed, the status it means. */
  status: number;
  /** The interface's own code, such as -1121 or `rateLimited`, null where it gave none. */
  code: number | string | null;
  /** How long not to ask again, null where the answer did not say. */
  retryAfterMs: number | null;

  constructor(message: string, status: number, code: number | string | null, retryAfterMs: number | null, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What a body says of a refusal. */
export interface Refusal {
  code: number | string | null;
  message: string;
  /** The status that an answer with HTTP 200 should have had. */
  status: number;
}

export interface JsonClientOptions {
  /** Such as `https://api.example.com`; paths of requests are beneath its host. */
  baseUrl: string;
  headers?: Readonly<Record<string, string>>;
  timeoutMs?: number;
  /** Longest wait for a rate limit to pass; a longer one is an error at once. */
  maxWaitMs?: number;
  /** Most requests for one answer, the first included; at least 1. */
  attempts?: number;
  /** What a body says of a refusal, null where it is none. Asked of every answer: a refusal with HTTP 200 is one, too. */
  refusalIn(body: unknown): Refusal | null;
  /** What a status means, in words. */
  describeStatus?(status: number): string;
  /** Milliseconds not to ask in, from the headers of an answer, null for none. */
  restIn?(headers: Headers): number | null;
}

export interface JsonRequest {
  query?: Readonly<Record<string, string | number>> | undefined;
  headers?: Readonly<Record<string, string>>;
  /** Sent as a form by POST; without it the request is a GET. */
  form?: Readonly<Record<string, string>>;
}

/** Asks for a path and gives the parsed JSON. @throws RestError */
export type JsonClient = (path: string, request?: JsonRequest, signal?: AbortSignal) => Promise<unknown>;

const BREAKER_FAILURES = 5;
const BREAKER_OPEN_MS = 5_000;
const DEFAULT_BAN_MS = 60_000;
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * Requests with JSON answers: tries again with backoff where the fault may pass, rests after several in a row, and asks
 * nothing while a rate limit (429) or ban (418) lasts. Follows no redirect, so that keys go nowhere else.
 */
export function createJsonClient(options: JsonClientOptions): JsonClient {
  const { timeoutMs = 5_000, maxWaitMs = 5_000, attempts = 3 } = options;
  let blockedUntilMs = 0;
  const breaker = circuitBreaker(handleWhen(mayPass), {
    halfOpenAfter: BREAKER_OPEN_MS,
    breaker: new ConsecutiveBreaker(BREAKER_FAILURES),
  });
  const again = retry(handleWhen(mayPass), {
    // cockatiel counts what comes after the first
    maxAttempts: attempts - 1,
    backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 2_000 }),
  });
  const policy = wrap(again, breaker);

  return async (path, request = {}, signal) => {
    try {
      return await policy.execute(({ signal: attempt }) => ask(path, request, attempt), signal);
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) throw error;
      throw new RestError(`${path}: not asked, ${BREAKER_FAILURES} requests failed in a row`, 0, null, BREAKER_OPEN_MS, { cause: error });
    }
  };

  async function ask(path: string, request: JsonRequest, signal: AbortSignal): Promise<unknown> {
    await waitForLimit(path, signal);
    const url = new URL(path, options.baseUrl);
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, String(value));
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        headers: { ...options.headers, ...request.headers },
        redirect: "manual",
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        ...(request.form === undefined ? {} : { method: "POST", body: new URLSearchParams(request.form) }),
      });
      text = await readText(path, response);
    } catch (cause) {
      if (cause instanceof RestError) throw cause;
      throw new RestError(`${path}: no answer from ${url.host}: ${reasonOf(cause)}`, 0, null, null, { cause });
    }
    const restMs = options.restIn?.(response.headers) ?? null;
    if (restMs !== null) blockedUntilMs = Date.now() + restMs;
    return judge(path, response, text);
  }

  function judge(path: string, response: Response, text: string): unknown {
    const body = parseBody(text);
    const refusal = body.ok ? options.refusalIn(body.value) : null;
    if (response.ok && refusal === null) {
      if (body.ok) return body.value;
      throw new RestError(`${path}: expected JSON, found ${JSON.stringify(text.slice(0, 80))}`, 502, null, null, { cause: body.error });
    }
    const status = response.ok ? (refusal as Refusal).status : response.status;
    const retryAfterMs = retryAfterOf(response.headers);
    if (status === 429 || status === 418) blockedUntilMs = Date.now() + (retryAfterMs ?? DEFAULT_BAN_MS);
    const said = refusal === null ? text.slice(0, 200) : `${refusal.code ?? ""} ${refusal.message}`.trim();
    const meaning = options.describeStatus?.(status) ?? describeStatus(status);
    throw new RestError(`${path}: HTTP ${response.status}, ${meaning}: ${said}`, status, refusal?.code ?? null, retryAfterMs);
  }

  async function waitForLimit(path: string, signal: AbortSignal): Promise<void> {
    const waitMs = blockedUntilMs - Date.now();
    if (waitMs <= 0) return;
    if (waitMs > maxWaitMs) {
      throw new RestError(`${path}: not asked, rate limited for ${Math.ceil(waitMs / 1000)} s more`, 429, null, waitMs);
    }
    await sleep(waitMs, undefined, { signal });
  }
}

/** True where the same request may be answered later: nobody answered, the other side has a fault, or a rate limit or ban lasts. */
export function isPassing(error: unknown): error is RestError {
  if (!(error instanceof RestError)) return false;
  return error.status === 0 || error.status >= 500 || error.status === 429 || error.status === 418;
}

/** What a status means in words. */
export function describeStatus(status: number): string {
  if (status === 429) return "too many requests";
  if (status >= 300 && status < 400) return "sent elsewhere, which is not followed";
  return status >= 500 ? "a fault of the other side" : "request refused";
}

/** No answer, a server's own fault, and a short rate limit may pass at once; everything else is for good, or for later. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof RestError) || isAbort(error.cause)) return false;
  return error.status === 0 || error.status >= 500 || (error.status === 429 && error.retryAfterMs !== null && error.retryAfterMs <= 2_000);
}

function isAbort(cause: unknown): boolean {
  return cause instanceof Error && cause.name === "AbortError";
}

/** Seconds or a date, as RFC 9110 has it. */
function retryAfterOf(headers: Headers): number | null {
  const text = headers.get("retry-after");
  if (text === null || text.trim() === "") return null;
  const ms = /^\s*\d/.test(text) && Number.isFinite(Number(text)) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

async function readText(path: string, response: Response): Promise<string> {
  if (response.body === null) return "";
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body) {
    bytes += part.byteLength;
    if (bytes > MAX_BODY_BYTES) throw new RestError(`${path}: an answer of more than ${MAX_BODY_BYTES} bytes`, response.status, null, null);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function parseBody(text: string): { ok: true; value: unknown } | { ok: false; error: unknown } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return { ok: false, error };
  }
}

function reasonOf(cause: unknown): string {
  const error = cause as Error & { cause?: Error };
  return error.cause?.message || error.message || String(cause);
}
