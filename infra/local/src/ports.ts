import { createServer } from "node:net";

/** The port asked for is taken by somebody else. */
export class PortTakenError extends Error {
  readonly port: number;
  constructor(port: number, detail: string) {
    super(`port ${port} is taken: ${detail}`);
    this.name = "PortTakenError";
    this.port = port;
  }
}

/** A port of 127.0.0.1 that nobody listened on a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (address !== null && typeof address === "object" ? resolve(address.port) : reject(new Error("no address"))));
    });
  });
}

/** Whether this port can be listened on now. */
export function isFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** The port wanted where it is free, else a free one; `taken` names ports already given away in this start. */
export async function choosePort(wanted: number, taken: ReadonlySet<number> = new Set()): Promise<number> {
  if (!taken.has(wanted) && (await isFree(wanted))) return wanted;
  for (;;) {
    const port = await freePort();
    if (!taken.has(port)) return port;
  }
}
