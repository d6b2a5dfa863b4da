import { rename, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Health } from "./health.ts";
import type { Metrics } from "./metrics.ts";

export interface OpsServerOptions {
  host: string;
  /** 0 for any free port. */
  port: number;
  health: Health;
  metrics: Metrics;
  /** Gets `{"port", "pid"}` once the port is known. */
  portFile?: string | undefined;
}

export interface OpsServer {
  port: number;
  close(): Promise<void>;
}

/** The port of `OPS_PORT` is taken. */
export class OpsPortError extends Error {
  override name = "OpsPortError";
}

/** Serves `/livez`, `/readyz`, `/startupz` and `/metrics`, apart from what the service itself serves. */
export async function startOpsServer(options: OpsServerOptions): Promise<OpsServer> {
  const { health, metrics } = options;
  const server = createServer((request, response) => {
    const path = request.url?.split("?", 1)[0];
    const state = health.snapshot();
    if (path === "/livez") answer(response, 200, { status: "alive" });
    else if (path === "/readyz") answer(response, state.status === "ready" ? 200 : 503, state);
    else if (path === "/startupz") answer(response, state.started ? 200 : 503, { started: state.started });
    else if (path === "/metrics") void answerMetrics(response, metrics);
    else answer(response, 404, { error: "there is /livez, /readyz, /startupz and /metrics" });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        error.code === "EADDRINUSE"
          ? new OpsPortError(`port ${options.port} on ${options.host} is taken: set OPS_PORT to another one, or to 0 for any free one`, {
              cause: error,
            })
          : error,
      );
    });
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  if (options.portFile !== undefined) {
    const part = `${options.portFile}.part`;
    await writeFile(part, JSON.stringify({ port, pid: process.pid }));
    await rename(part, options.portFile);
  }
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answerMetrics(response: ServerResponse, metrics: Metrics): Promise<void> {
  try {
    const text = await metrics.registry.metrics();
    response.writeHead(200, { "content-type": metrics.registry.contentType });
    response.end(text);
  } catch (error) {
    answer(response, 500, { error: `a metric could not be read: ${error instanceof Error ? error.message : String(error)}` });
  }
}

function answer(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}
