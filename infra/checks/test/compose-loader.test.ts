import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isLong } from "@tickfleet/testkit/long-form";
import { scratchFolder } from "@tickfleet/testkit/scratch";
import { describe, expect, test } from "vitest";
import { parseCompose, parseEnvFile } from "../src/compose-file.ts";
import { repositoryText } from "../src/fleet-files.ts";
import { REPOSITORY_ROOT } from "../src/repository.ts";

/** The loader of docker compose itself, compiled; minutes the first time. */
const isTried = isLong && spawnSync("go", ["version"]).status === 0;

interface LoadedService {
  command: string[] | null;
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
}

describe.runIf(isTried)("docker compose's own loader", () => {
  test("accepts the file and reads it as our checks do", { timeout: 900_000 }, () => {
    const folder = scratchFolder("compose");
    const loader = join(folder, "loader");
    execFileSync("go", ["build", "-o", loader, "."], { cwd: join(REPOSITORY_ROOT, "infra/checks/test/compose-loader") });
    copyFileSync(join(REPOSITORY_ROOT, "docker-compose.yml"), join(folder, "docker-compose.yml"));
    const env = repositoryText(".env.example").replace(/^([A-Z_]+_PASSWORD)=$/gm, "$1=of-$1");
    writeFileSync(join(folder, ".env"), env);
    const clean = { env: { PATH: process.env["PATH"] }, encoding: "utf8" } as const;
    const loaded = JSON.parse(execFileSync(loader, [folder, "monitoring", "tools"], clean)) as { services: Record<string, LoadedService> };
    const read = parseCompose(repositoryText("docker-compose.yml"), parseEnvFile(env));
    expect(Object.keys(loaded.services).sort()).toEqual(Object.keys(read.services).sort());
    for (const [name, service] of Object.entries(read.services)) {
      const found = loaded.services[name] as LoadedService;
      expect([name, found.command, found.environment ?? {}]).toEqual([name, service.command ?? null, service.environment ?? {}]);
      expect(
        Object.entries(found.depends_on ?? {})
          .map(([on, { condition }]) => [on, condition])
          .sort(),
      ).toEqual(
        Object.entries(service.depends_on ?? {})
          .map(([on, { condition }]) => [on, condition])
          .sort(),
      );
    }
    writeFileSync(join(folder, ".env"), env.replace(/^NATS_API_PASSWORD=.*$/m, "NATS_API_PASSWORD="));
    const refused = spawnSync(loader, [folder], clean);
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining("NATS_API_PASSWORD is missing a value")]);
  });
});
