import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { hasSetpriv, PASS_FOLDERS, type ProcessUser } from "./server-process.ts";

/**
 * The user PostgreSQL runs as: null for the present one. PostgreSQL refuses root, so root hands it to `nobody`,
 * with the right to pass folders only root may enter where the binaries or the data lie below one.
 * Throws where neither is possible, saying what to do.
 */
export function databaseUser(binary: string, parentOfData: string): ProcessUser | null {
  if (process.getuid?.() !== 0) return null;
  const plain: ProcessUser = { ...nobody(), passFolders: false };
  if (canRun(plain, binary, parentOfData)) return plain;
  const passing: ProcessUser = { ...plain, passFolders: true };
  if (hasSetpriv && canRun(passing, binary, parentOfData)) return passing;
  throw new Error(
    `PostgreSQL does not run as root, and the user it is handed to cannot reach ${binary} or ${parentOfData}. ` +
      "Run as a plain user, or put the project and its data where everybody may enter, such as /srv or /var/tmp.",
  );
}

function nobody(): { uid: number; gid: number } {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith("nobody:"));
  const [, , uid, gid] = (line ?? "nobody:x:65534:65534").split(":");
  return { uid: Number(uid), gid: Number(gid) };
}

function canRun(user: ProcessUser, binary: string, folder: string): boolean {
  const script = 'cd "$1" && exec "$2" --version';
  const shell = ["-c", script, "sh", folder, binary];
  const answer = hasSetpriv
    ? spawnSync("setpriv", [
        `--reuid=${user.uid}`,
        `--regid=${user.gid}`,
        "--clear-groups",
        ...(user.passFolders ? PASS_FOLDERS : []),
        "--",
        "/bin/sh",
        ...shell,
      ])
    : spawnSync("/bin/sh", shell, { uid: user.uid, gid: user.gid });
  return answer.status === 0;
}
