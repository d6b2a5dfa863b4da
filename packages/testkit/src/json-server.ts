import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as a stand-in sees it. */
export interface ServedRequest {
  method: string;
  /** Path with query. */
  path: string;
  url: URL;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
}

/** An answer; `body` is sent as JSON, unless `text` is there. */
export interface ServedAnswer {
  status?: number;
  body?: unknown;
  text?: string;
  headers?: Readonly<Record<string, string>>;
}

/** A local HTTP server with JSON answers, whose faults a test chooses. */
export interface JsonServer extends AsyncDisposable {
  readonly url: string;
  /** All that was asked, in order. */
  readonly requests: readonly ServedRequest[];
  /** Every request, or every one with `only` in its path and query, gets this answer until `null`. */
  answerWith(answer: ServedAnswer | null, only?: string): void;
  /** Requests are taken and not answered as long as this is on; then all that still wait are. */
  hold(on: boolean): void;
  close(): Promise<void>;
}

/** Starts a server on 127.0.0.1 that answers by a function. */
export async function startJsonServer(answer: (request: ServedRequest) => ServedAnswer): Promise<JsonServer> {
  const requests: ServedRequest[] = [];
  const waiting: (() => void)[] = [];
  let isHeld = false;
  let chosen: { answer: ServedAnswer; only: string } | null = null;

  const http = createServer((incoming, response) => {
    void readRequest(incoming).then((request) => {
      requests.push(request);
      const reply = (): void => {
        const {
          status = 200,
          body,
          text,
          headers,
        } = chosen !== null && request.path.includes(chosen.only) ? chosen.answer : answer(request);
        response.writeHead(status, { "content-type": "application/json; charset=UTF-8", ...headers });
        response.end(text ?? JSON.stringify(body));
      };
      if (isHeld) waiting.push(reply);
      else reply();
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const close = async (): Promise<void> => {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  };
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    answerWith(given, only = "") {
      chosen = given === null ? null : { answer: given, only };
    },
    hold(on) {
      isHeld = on;
      if (!on) for (const reply of waiting.splice(0)) reply();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function readRequest(incoming: IncomingMessage): Promise<ServedRequest> {
  let body = "";
  for await (const part of incoming) body += String(part);
  const url = new URL(incoming.url ?? "/", "http://local");
  return { method: incoming.method ?? "GET", path: `${url.pathname}${url.search}`, url, headers: incoming.headers, body };
}
