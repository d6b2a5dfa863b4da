import { GatewayError, readProblem } from "./gateway-error.ts";
import { LiveConnection, type LiveOptions } from "./live-connection.ts";

/** Parameters of a request; undefined ones are left out. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/** A page of a list; `cursor` is null if and only if nothing is left. */
export interface Page<Row> {
  data: Row[];
  cursor: string | null;
}

export interface RequestOptions {
  signal?: AbortSignal | undefined;
}

export interface ClientOptions {
  /** Address of the gateway, such as `http://127.0.0.1:8080`. */
  url: string;
}

/** The gateway, over HTTP and its stream. */
export interface Client {
  /** The answer of a route below `/api/v1`. @throws GatewayError */
  get<Answer>(route: string, query?: Query, options?: RequestOptions): Promise<Answer>;
  /** One page of a list. @throws GatewayError */
  page<Row>(list: string, query: Query, options?: RequestOptions): Promise<Page<Row>>;
  /** Every row of a list, page for page. @throws GatewayError */
  list<Row>(list: string, query: Query, options?: RequestOptions): AsyncGenerator<Row, void>;
  /** Opens the stream, and keeps it open until it is closed. */
  live(options: LiveOptions): LiveConnection;
}

const ATTEMPTS = 4;
const LONGEST_WAIT_MS = 10_000;
/** What may be better in a moment. */
const RETRIED: readonly number[] = [429, 503];

export function createClient({ url }: ClientOptions): Client {
  const base = url.replace(/\/+$/, "");
  return { get, page, list, live: (options) => new LiveConnection(`${base.replace(/^http/, "ws")}/api/v1/stream`, options) };

  async function get<Answer>(route: string, query: Query = {}, { signal }: RequestOptions = {}): Promise<Answer> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
    const address = `${base}/api/v1/${route}${parameters.size === 0 ? "" : `?${parameters}`}`;
    for (let attempt = 1; ; attempt++) {
      const answer = await ask(address, signal);
      if (answer.ok) return (await answer.json()) as Answer;
      if (!RETRIED.includes(answer.status) || attempt === ATTEMPTS) throw await readProblem(answer);
      await pause(Math.min(LONGEST_WAIT_MS, Number(answer.headers.get("retry-after") ?? 1) * 1_000), signal);
    }
  }

  function page<Row>(path: string, query: Query, options?: RequestOptions): Promise<Page<Row>> {
    return get<Page<Row>>(path, query, options);
  }

  async function* list<Row>(path: string, query: Query, options?: RequestOptions): AsyncGenerator<Row, void> {
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const found: Page<Row> = await page<Row>(path, { ...query, cursor }, options);
      yield* found.data;
      cursor = found.cursor;
    }
  }
}

async function ask(address: string, signal: AbortSignal | undefined): Promise<Response> {
  try {
    return await fetch(address, signal === undefined ? {} : { signal });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    const detail = `no answer from ${new URL(address).origin}`;
    throw new GatewayError({ status: 0, code: "unreachable", detail, fix: "is the fleet running?", requestId: null }, { cause });
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
