import { rename, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";

export interface HttpServerOptions {
  API_HOST: string;
  /** 0 for any free port. */
  API_PORT: number;
  API_PORT_FILE?: string | undefined;
}

export interface HttpServer {
  server: Server;
  port: number;
  /** Takes no more requests and resolves when those in work are answered. */
  close(): Promise<void>;
}

/** The port of `API_PORT` is taken, or the address of `API_HOST` is not ours. */
export class ApiPortError extends Error {
  override name = "ApiPortError";
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "is taken by another program: set API_PORT to another one, or to 0 for any free one",
  EADDRNOTAVAIL: "cannot be had: API_HOST is no address of this machine",
  EACCES: "is not for this user: set API_PORT to one from 1024 on",
};
/** Time that open requests get at the end. */
const DRAIN_MS = 5_000;

/** Serves HTTP; the port in use is in the result and, where asked for, in a file. @throws ApiPortError */
export async function listen(fetch: (request: Request) => Response | Promise<Response>, options: HttpServerOptions): Promise<HttpServer> {
  const server = createAdaptorServer({ fetch }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reason = REASONS[error.code ?? ""];
      reject(
        reason === undefined ? error : new ApiPortError(`port ${options.API_PORT} on ${options.API_HOST} ${reason}`, { cause: error }),
      );
    });
    server.listen(options.API_PORT, options.API_HOST, resolve);
  });
  const { port } = server.address() as AddressInfo;
  if (options.API_PORT_FILE !== undefined) {
    const part = `${options.API_PORT_FILE}.part`;
    await writeFile(part, JSON.stringify({ port, pid: process.pid }));
    await rename(part, options.API_PORT_FILE);
  }
  return { server, port, close: () => close(server) };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
    server.closeIdleConnections();
  });
}
