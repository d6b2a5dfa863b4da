import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Begins with the tests of the whole fleet: each takes a minute or two, and none should be alone at the end. */
class FleetFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isFleet = ({ moduleId }: TestSpecification): boolean => moduleId.startsWith(join(import.meta.dirname, "test/"));
    return [...sorted.filter(isFleet), ...sorted.filter((file) => !isFleet(file))];
  }
}

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
    sequence: { sequencer: FleetFirst },
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
          // files share a process, what it loaded, and its database server
          isolate: false,
          include: ["packages/*/test/**/*.test.ts", "services/*/test/**/*.test.ts", "infra/*/test/**/*.test.ts", "test/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // each runs a fleet of its own, most of which waits for a time: more would only ask each other to wait
          maxWorkers: 5,
          sequence: { groupOrder: 1 },
          globalSetup: ["packages/testkit/src/shared-servers.ts"],
          setupFiles: ["packages/testkit/src/process-coverage.ts"],
        },
      },
    ],
  },
});
