import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { projectRoot } from "./folders.ts";

/** Where vitest's standard output goes: to ours, or to standard error where ours is for programs. */
export type VitestOutput = "stdout" | "stderr";

/** Runs vitest in the project's folder and passes signals on to it. Resolves with its exit code, 128 + signal where one ended it. */
export function runVitest(args: readonly string[], env: NodeJS.ProcessEnv, output: VitestOutput = "stdout"): Promise<number> {
  const manifest = createRequire(join(projectRoot, "package.json")).resolve("vitest/package.json");
  const child = spawn(process.execPath, [join(dirname(manifest), "vitest.mjs"), ...args], {
    cwd: projectRoot,
    env,
    stdio: ["inherit", output === "stdout" ? "inherit" : 2, "inherit"],
  });
  const forwards = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((signal) => [signal, () => void child.kill(signal)] as const);
  for (const [signal, forward] of forwards) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      for (const [name, forward] of forwards) process.off(name, forward);
      resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
    });
  });
}
