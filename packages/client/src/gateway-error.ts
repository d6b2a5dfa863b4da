/** The gateway refused a request, or did not answer. */
export class GatewayError extends Error {
  override name = "GatewayError";
  /** HTTP status, 0 where no answer came. */
  readonly status: number;
  /** Stable, for programs; `unreachable` where no answer came. */
  readonly code: string;
  /** What to do about it. */
  readonly fix: string;
  readonly requestId: string | null;

  constructor(problem: { status: number; code: string; detail: string; fix: string; requestId: string | null }, options?: ErrorOptions) {
    super(problem.detail, options);
    this.status = problem.status;
    this.code = problem.code;
    this.fix = problem.fix;
    this.requestId = problem.requestId;
  }
}

/** The problem in an answer (RFC 9457); an answer that holds none, such as a proxy's, is told by its status. */
export async function readProblem(answer: Response): Promise<GatewayError> {
  const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  const text = (name: string, otherwise: string): string => (typeof body[name] === "string" ? body[name] : otherwise);
  return new GatewayError({
    status: answer.status,
    code: text("code", `http-${answer.status}`),
    detail: text("detail", `the gateway answered ${answer.status}`),
    fix: text("fix", "look at the gateway's log"),
    requestId: answer.headers.get("x-request-id"),
  });
}
