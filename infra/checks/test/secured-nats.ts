import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { UserPermissions } from "@tickfleet/contracts/generate-permissions";
import { findNatsServer } from "@tickfleet/local/nats-server";

/** The committed configuration. */
export const NATS_CONFIG = join(import.meta.dirname, "../../nats/nats-server.conf");
const START_TIMEOUT_MS = 20_000;

/** Password of a user in these tests. */
export function passwordOf(user: string): string {
  return `secret-of-${user}`;
}

/** A nats-server with the committed configuration, on free ports. */
export interface SecuredNats extends AsyncDisposable {
  url: string;
}

export async function startSecuredNats(users: readonly UserPermissions[]): Promise<SecuredNats> {
  const folder = await mkdtemp(join(tmpdir(), "tickfleet-nats-"));
  const passwords = Object.fromEntries(users.map((user) => [user.passwordVariable, passwordOf(user.user)]));
  const binary = await findNatsServer(() => {});
  const server = spawn(binary, ["-c", NATS_CONFIG, "-a", "127.0.0.1", "-p", "-1", "-m", "-1", "--ports_file_dir", folder], {
    env: { ...passwords, NATS_STORE_DIR: join(folder, "store") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  server.stderr?.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const stop = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) {
      server.kill("SIGKILL");
      await once(server, "exit");
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { url: await portsFile(folder, server), [Symbol.asyncDispose]: stop };
  } catch (cause) {
    await stop();
    throw new Error(`nats-server did not start with ${NATS_CONFIG}:\n${log}`, { cause });
  }
}

async function portsFile(folder: string, server: ChildProcess): Promise<string> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && server.exitCode === null) {
    const name = (await readdir(folder)).find((file) => file.endsWith(".ports"));
    const text = name === undefined ? "" : await readFile(join(folder, name), "utf8");
    if (text.trim().endsWith("}")) return (JSON.parse(text) as { nats: string[] }).nats[0] as string;
    await delay(50);
  }
  throw new Error(`no ports file within ${START_TIMEOUT_MS} ms, exit code ${server.exitCode}`);
}
