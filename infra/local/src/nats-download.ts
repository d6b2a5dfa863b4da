import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

type Log = (line: string) => void;

/** Version taken from the official release where Debian's archive cannot serve. */
const RELEASE = "2.15.1";
const SUITE = "sid";
const KEYRINGS = ["/usr/share/keyrings/debian-archive-keyring.pgp", "/usr/share/keyrings/debian-archive-keyring.gpg"];

/**
 * Brings nats-server from the Debian mirror this machine already uses, as any user and without touching the
 * system: apt runs with a private state below the target folder, the package is unpacked, not installed.
 */
export async function fetchFromDebian(target: string, log: Log): Promise<void> {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  if (!/^ID=debian$/m.test(release)) throw new Error("this is not Debian");
  const codename = /^VERSION_CODENAME=(\w+)/m.exec(release)?.[1] ?? "";
  const targets = await run("apt-get", ["indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages"], 30_000);
  const mirror = targets
    .split("\n")
    .map((line) => line.split(" "))
    .find(([name]) => name === codename)?.[1];
  if (mirror === undefined) throw new Error(`apt knows no archive for ${codename || "this release"}; \`apt-get update\` may help`);
  const keyring = KEYRINGS.find((path) => existsSync(path));
  if (keyring === undefined) throw new Error("the archive's keyring is not installed (package debian-archive-keyring)");

  await inScratch(target, async (scratch) => {
    for (const folder of ["lists/partial", "cache/archives/partial", "root"]) mkdirSync(join(scratch, folder), { recursive: true });
    writeFileSync(join(scratch, "sources.list"), `deb [signed-by=${keyring}] ${mirror} ${SUITE} main\n`);
    writeFileSync(join(scratch, "status"), "");
    const settings = {
      "Dir::Etc::SourceList": join(scratch, "sources.list"),
      "Dir::Etc::SourceParts": "/dev/null",
      "Dir::State::Lists": join(scratch, "lists"),
      "Dir::State::Status": join(scratch, "status"),
      "Dir::Cache": join(scratch, "cache"),
      "Acquire::Languages": "none",
      "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
      "Acquire::Retries": "2",
      "Acquire::http::Timeout": "30",
      "APT::Sandbox::User": "root",
    };
    const options = ["-qq", ...Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`])];
    log(`nats-server: reading the package list of Debian ${SUITE}`);
    await run("apt-get", [...options, "update"], 180_000, scratch);
    log("nats-server: downloading the package");
    await run("apt-get", [...options, "download", "nats-server"], 180_000, scratch);
    const archive = readdirSync(scratch).find((entry) => entry.endsWith(".deb"));
    if (archive === undefined) throw new Error("apt-get reported success but left no package");
    await run("dpkg", ["-x", join(scratch, archive), join(scratch, "root")], 60_000);
    install(join(scratch, "root/usr/sbin/nats-server"), target);
  });
}

/** Brings nats-server from the release archive on GitHub, checked against the release's SHA256SUMS. */
export async function fetchRelease(target: string, log: Log): Promise<void> {
  const system = { linux: "linux", darwin: "darwin", win32: "windows", freebsd: "freebsd" }[process.platform as string];
  const processor = { x64: "amd64", arm64: "arm64", arm: "arm7", ia32: "386" }[process.arch as string];
  if (system === undefined || processor === undefined) throw new Error(`no release is made for ${process.platform} ${process.arch}`);
  const folder = `nats-server-v${RELEASE}-${system}-${processor}`;
  const archive = `${folder}.${system === "windows" ? "zip" : "tar.gz"}`;
  const base = `https://github.com/nats-io/nats-server/releases/download/v${RELEASE}`;

  await inScratch(target, async (scratch) => {
    log(`nats-server: downloading ${base}/${archive}`);
    const sums = (await download(`${base}/SHA256SUMS`)).toString("utf8");
    const expected = sums
      .split("\n")
      .map((line) => line.trim().split(/\s+\*?/))
      .find(([, name]) => name === archive)?.[0];
    if (expected === undefined) throw new Error(`SHA256SUMS of v${RELEASE} does not name ${archive}`);
    const data = await download(`${base}/${archive}`);
    const actual = createHash("sha256").update(data).digest("hex");
    if (actual !== expected) throw new Error(`checksum of ${archive}: expected ${expected}, found ${actual}`);
    writeFileSync(join(scratch, archive), data);
    await run("tar", ["-xf", archive], 60_000, scratch);
    install(join(scratch, folder, system === "windows" ? "nats-server.exe" : "nats-server"), target);
  });
}

async function inScratch(target: string, work: (scratch: string) => Promise<void>): Promise<void> {
  const scratch = join(target, `scratch-${process.pid}`);
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  try {
    await work(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Puts the binary into place in one step, so that a second process never sees half of it. */
function install(binary: string, target: string): void {
  const name = process.platform === "win32" ? "nats-server.exe" : "nats-server";
  const partial = join(target, `${name}.${process.pid}`);
  copyFileSync(binary, partial);
  chmodSync(partial, 0o755);
  renameSync(partial, join(target, name));
}

async function download(url: string): Promise<Buffer> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(120_000) });
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    return Buffer.from(await answer.arrayBuffer());
  } catch (cause) {
    const reason = cause instanceof Error ? ((cause.cause as Error | undefined)?.message ?? cause.message) : String(cause);
    throw new Error(`${url}: ${reason}`, { cause });
  }
}

/** Output of a command; throws with its error output where it fails or takes too long. */
function run(command: string, args: readonly string[], timeoutMs: number, cwd?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs, ...(cwd === undefined ? {} : { cwd }) });
    let output = "";
    let errors = "";
    child.stdout.on("data", (data) => {
      output += data;
    });
    child.stderr.on("data", (data) => {
      errors += data;
    });
    child.once("error", (cause) => reject(new Error(`${command} cannot be run: ${cause.message}`, { cause })));
    child.once("close", (code, signal) => {
      if (code === 0) resolve(output);
      else
        reject(
          new Error(`${command} ${signal === null ? `failed with code ${code}` : `took over ${timeoutMs / 1000} s`}: ${errors.trim()}`),
        );
    });
  });
}
