import { z } from "@hono/zod-openapi";

/** One fault of a request: a stable code, where it is, what is wrong, what to do. */
export interface Fault {
  code: ProblemCode;
  /** Query parameter that is at fault, null where none is. */
  field: string | null;
  detail: string;
  fix: string;
}

/** Every code that a problem can carry; codes are added, never changed. */
export const PROBLEMS = {
  "missing-parameter": [400, "A parameter is missing"],
  "invalid-parameter": [400, "A parameter is not valid"],
  "unknown-parameter": [400, "There is no such parameter"],
  "unknown-timeframe": [400, "There is no such timeframe"],
  "unknown-column": [400, "There is no such column"],
  "unknown-anchor": [400, "No candles are stored with this anchor"],
  "unknown-session": [400, "No candles are stored with this session"],
  "invalid-time": [400, "A time cannot be read"],
  "time-in-seconds": [400, "A time is in seconds"],
  "empty-range": [400, "The range is empty"],
  "limit-too-large": [400, "The limit is above the maximum"],
  "invalid-cursor": [400, "The cursor is not one of ours"],
  "cursor-mismatch": [400, "The cursor belongs to another query"],
  "bad-channel": [400, "That is no channel"],
  "too-many-channels": [400, "A connection does not take so many channels"],
  "origin-not-allowed": [403, "Pages from there may not open a stream"],
  "unknown-instrument": [404, "There is no such instrument"],
  "unknown-signal": [404, "There is no such signal"],
  "unknown-route": [404, "There is no such route"],
  "method-not-allowed": [405, "The route does not take this method"],
  internal: [500, "The server failed"],
  unavailable: [503, "A part of the fleet is away"],
} as const satisfies Record<string, readonly [number, string]>;
export type ProblemCode = keyof typeof PROBLEMS;

/** Body of every answer that is not a success (RFC 9457, `application/problem+json`). */
export const problemSchema = z
  .object({
    type: z.string().describe("about:blank#<code>"),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]).describe("stable, for programs"),
    field: z.string().nullable().describe("the query parameter at fault"),
    fix: z.string().describe("what to do"),
    requestId: z.string(),
    service: z.string().optional().describe("the part that is away, with status 503"),
    errors: z
      .array(z.object({ code: z.string(), field: z.string().nullable(), detail: z.string(), fix: z.string() }))
      .describe("every fault of the request; the first one is repeated above"),
  })
  .openapi("Problem");
export type Problem = z.infer<typeof problemSchema>;

/** A request that cannot be served; `faults` holds at least one. */
export class RequestError extends Error {
  override name = "RequestError";
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    super(faults.map((fault) => fault.detail).join("; "));
    this.faults = faults;
  }
}

/** A part of the fleet that the request needs is away. */
export class UnavailableError extends Error {
  override name = "UnavailableError";
  readonly part: string;

  constructor(part: string, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.part = part;
  }
}

export function createProblem(faults: readonly Fault[], requestId: string, part?: string): Problem {
  const first = faults[0] ?? { code: "internal", field: null, detail: "something went wrong", fix: "try again" };
  const [status, title] = PROBLEMS[first.code];
  return {
    type: `about:blank#${first.code}`,
    title,
    status,
    detail: first.detail,
    code: first.code,
    field: first.field,
    fix: first.fix,
    requestId,
    ...(part === undefined ? {} : { service: part }),
    errors: [...faults],
  };
}

/** The candidate that a misspelt text most likely means, null where none is near. */
export function nearest(text: string, candidates: readonly string[]): string | null {
  const plain = (value: string): string => value.toLowerCase().replace(/[^a-z0-9]/g, "");
  const wanted = plain(text);
  const same = candidates.find((candidate) => plain(candidate) === wanted);
  if (same !== undefined) return same;
  let best: string | null = null;
  let least = Math.min(3, Math.floor(wanted.length / 3) + 1);
  for (const candidate of candidates) {
    const distance = editDistance(wanted, plain(candidate));
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  if (a.length > 64 || b.length > 64) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
