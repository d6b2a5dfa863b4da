import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";

/** A stretch of network that a test may cut. */
export interface TcpProxy extends AsyncDisposable {
  /** Port on 127.0.0.1 to connect to in place of the target. */
  readonly port: number;
  /** The address with this proxy's host and port in place of its own. */
  urlFor(address: string): string;
  /** Ends all connections and refuses new ones. */
  cut(): Promise<void>;
  /** Keeps connections open and lets nothing through, as a network does that drops packets. */
  stall(): void;
  /** Lets everything through again, on the same port. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

export interface TcpTarget {
  host?: string;
  port: number;
}

/** Opens a proxy to a server, given by port or address. */
export async function tcpProxy(target: TcpTarget | string): Promise<TcpProxy> {
  const { host = "127.0.0.1", port: targetPort } = typeof target === "string" ? targetOf(target) : target;
  const pairs = new Set<readonly [Socket, Socket]>();
  let isStalled = false;

  const server = createServer((client) => {
    const upstream = connect(targetPort, host);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on("error", end);
      socket.on("close", end);
    }
    client.pipe(upstream);
    upstream.pipe(client);
    if (isStalled) for (const socket of pair) socket.pause();
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", reject);
        resolve();
      });
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;

  async function cut(): Promise<void> {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const [client, upstream] of pairs) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
    await closed;
  }

  return {
    port,
    urlFor(address) {
      const url = new URL(address);
      url.hostname = "127.0.0.1";
      url.port = String(port);
      return url.href.replace(/\/$/, address.endsWith("/") ? "/" : "");
    },
    cut,
    stall() {
      isStalled = true;
      for (const pair of pairs) for (const socket of pair) socket.pause();
    },
    async restore() {
      isStalled = false;
      for (const pair of pairs) for (const socket of pair) socket.resume();
      if (!server.listening) await listen(port);
    },
    close: cut,
    [Symbol.asyncDispose]: cut,
  };
}

function targetOf(address: string): { host: string; port: number } {
  const url = new URL(address);
  return { host: url.hostname, port: Number(url.port) };
}
