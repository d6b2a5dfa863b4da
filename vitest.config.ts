import { defineConfig } from "vitest/config";

const shared = {
  environment: "node",
  pool: "forks" as const,
  passWithNoTests: true,
  setupFiles: ["packages/testkit/src/property-seed.ts"],
};

/** `unit`: pure and quick, beside the source. `service`: real servers and processes, in `test/` folders. */
export default defineConfig({
  test: {
    passWithNoTests: true,
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts", "services/*/src/**/*.ts"],
      exclude: ["**/*.test.ts", "**/*.bench.ts", "packages/testkit/**"],
    },
    projects: [
      {
        test: {
          ...shared,
          name: "unit",
          // nothing here outlives its test, so files share a process and what it loaded
          isolate: false,
          maxWorkers: "100%",
          sequence: { groupOrder: 0 },
          include: ["packages/*/src/**/*.test.ts", "services/*/src/**/*.test.ts", "infra/**/src/**/*.test.ts"],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          ...shared,
          name: "service",
          include: ["packages/*/test/**/*.test.ts", "services/*/test/**/*.test.ts", "infra/*/test/**/*.test.ts", "test/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // many wait for a time or for a process: six keep two cores busy
          maxWorkers: 6,
          sequence: { groupOrder: 1 },
          globalSetup: ["packages/testkit/src/shared-servers.ts"],
          setupFiles: ["packages/testkit/src/process-coverage.ts"],
        },
      },
    ],
  },
});
