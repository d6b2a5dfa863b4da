import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fetchRelease } from "../src/nats-download.ts";
import { findNatsServer } from "../src/nats-server.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tickfleet download "));
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** A program that says it is nats-server of that version. */
function writeServer(path: string, version: string): void {
  writeFileSync(path, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  chmodSync(path, 0o755);
}

/** Answers as the release's pages do, with an archive that holds such a program; returns the names asked for. */
function serveRelease(checksum: (archive: Buffer) => string): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (address: string) => {
    const name = address.split("/").at(-1) as string;
    asked.push(name);
    return name === "SHA256SUMS" ? new Response(sums(checksum)) : new Response(new Uint8Array(archiveOf(name)));
  });
  return asked;
}

const names = ["linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"].map((system) => `nats-server-v2.15.1-${system}.tar.gz`);

function sums(checksum: (archive: Buffer) => string): string {
  return names.map((name) => `${checksum(archiveOf(name))}  ${name}\n`).join("");
}

function archiveOf(name: string): Buffer {
  const inside = name.replace(".tar.gz", "");
  const path = join(folder, name);
  if (!existsSync(path)) {
    mkdirSync(join(folder, inside));
    writeServer(join(folder, inside, "nats-server"), "2.15.1");
    execFileSync("tar", ["-czf", path, "-C", folder, inside]);
  }
  return readFileSync(path);
}

const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

test("the release is taken where its checksum agrees, and nothing else is left behind", async () => {
  const asked = serveRelease(sha256);
  const target = join(folder, "the cache");
  await fetchRelease(target, () => {});
  expect(readdirSync(target)).toEqual(["nats-server"]);
  expect(execFileSync(join(target, "nats-server"), ["--version"], { encoding: "utf8" })).toContain("v2.15.1");
  expect(asked).toEqual(["SHA256SUMS", expect.stringMatching(/^nats-server-v2\.15\.1-\w+-\w+\.tar\.gz$/)]);
});

test("a release whose checksum differs is refused", async () => {
  serveRelease(() => "0".repeat(64));
  const target = join(folder, "the cache");
  await expect(fetchRelease(target, () => {})).rejects.toThrow(/checksum .*expected 0{64}, found/);
  expect(readdirSync(target)).toEqual([]);
});

test("a server that is too old is passed over, the cache is used", async () => {
  const old = join(folder, "old-server");
  writeServer(old, "2.9.10");
  mkdirSync(join(folder, "tickfleet", "nats-server"), { recursive: true });
  const cached = join(folder, "tickfleet", "nats-server", "nats-server");
  writeServer(cached, "2.14.0");
  vi.stubEnv("NATS_SERVER", old);
  vi.stubEnv("PATH", "/usr/bin:/bin");
  vi.stubEnv("XDG_CACHE_HOME", folder);
  const lines: string[] = [];
  expect(await findNatsServer((line) => lines.push(line))).toBe(cached);
  expect(lines.join("\n")).toContain("v2.9.10, 2.14 or later is needed");
});

test("where nothing can be had the error names all that was tried, and what to do", async () => {
  vi.stubEnv("NATS_SERVER", "");
  // without apt-get and tar
  vi.stubEnv("PATH", join(folder, "empty"));
  vi.stubEnv("XDG_CACHE_HOME", folder);
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("fetch failed", { cause: new Error("no network") })));
  const error = await findNatsServer(() => {}).catch((reason: unknown) => String(reason));
  expect(error).toContain("Debian's archive: ");
  expect(error).toMatch(/the official release: https:\/\/github\.com\/.*no network/);
  expect(error).toContain("set NATS_SERVER to its path");
});
