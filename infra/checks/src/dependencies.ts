import { isTest, type Violation } from "./repository.ts";
import type { ParsedFile } from "./syntax.ts";

/** Packages that compute and nothing else: no clock, randomness, environment, input or output. */
export const PURE: readonly string[] = ["market", "indicators", "patterns"];

/** What each package may import of ours. A package that is not here has not been thought about. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  market: [],
  indicators: ["market"],
  patterns: ["market", "indicators"],
  contracts: ["market"],
  venues: ["market", "contracts"],
  database: ["market"],
  runtime: ["market", "contracts", "database"],
  client: ["market", "contracts"],
  dashboard: ["market", "contracts", "client"],
  cli: ["market", "contracts", "database", "runtime", "venues", "client", "local"],
  testkit: ["market", "contracts", "database", "runtime", "venues", "client", "local"],
  local: ["market", "contracts", "database", "runtime", "venues", "client"],
  checks: ["market", "contracts", "database", "runtime", "venues", "client", "cli", "testkit", "local"],
};
const FOR_SERVICES = ["market", "indicators", "patterns", "contracts", "database", "runtime", "venues"];
/** What one service may import beyond that: the gateway serves the page. */
const FOR_ONE_SERVICE: Readonly<Record<string, readonly string[]>> = { api: ["dashboard"] };

/** Packages from outside that only some of ours may import. */
const RESERVED: readonly { name: RegExp; what: string; allowed: RegExp }[] = [
  { name: /^@nats-io\//, what: "only runtime imports the NATS client", allowed: /^packages\/runtime\// },
  {
    name: /^(pg|pg-copy-streams|kysely)(\/|$)/,
    what: "only database and a service's store.ts speak SQL",
    allowed: /^packages\/database\/|^services\/[\w-]+\/(src\/([\w-]+-)?store\.ts|migrations\/)/,
  },
  { name: /^(pino|prom-client)(\/|$)/, what: "logger and metrics come from runtime", allowed: /^packages\/runtime\// },
  { name: /^hono$|^hono\/|^@hono\//, what: "only the gateway serves HTTP routes", allowed: /^services\/api\// },
];

/** Imports that the dependency table does not allow. Tests may reach further. */
export function forbiddenImports(files: readonly ParsedFile[]): Violation[] {
  return files
    .filter((file) => !isTest(file.path))
    .flatMap((file) =>
      file.imports.flatMap(({ specifier, line }) => {
        const what = faultOf(file.path, specifier);
        return what === null ? [] : [{ path: file.path, line, what: `imports ${specifier}: ${what}` }];
      }),
    );
}

/** Services never import each other, not in tests either. */
export function serviceImports(files: readonly ParsedFile[], services: readonly string[]): Violation[] {
  return files.flatMap((file) => {
    const [group, self] = file.path.split("/");
    if (group !== "services" && group !== "packages") return [];
    return file.imports.flatMap(({ specifier, line }) => {
      const service = services.find(
        (name) => specifier.startsWith(`@tickfleet/${name}/`) || resolved(file.path, specifier).startsWith(`services/${name}/`),
      );
      if (service === undefined || (group === "services" && service === self)) return [];
      return [{ path: file.path, line, what: `imports ${specifier}: nothing imports a service` }];
    });
  });
}

function faultOf(path: string, specifier: string): string | null {
  const [group, self = ""] = path.split("/");
  const own = /^@tickfleet\/([\w-]+)/.exec(specifier)?.[1];
  if (own !== undefined) {
    const allowed = group === "services" ? [...FOR_SERVICES, ...(FOR_ONE_SERVICE[self] ?? [])] : PACKAGES[self];
    if (allowed === undefined) return `${self} is not in the dependency table`;
    return own === self || allowed.includes(own) ? null : `${self} may import only ${allowed.join(", ") || "nothing of ours"}`;
  }
  if (specifier.startsWith(".")) {
    const target = resolved(path, specifier).split("/").slice(0, 2).join("/");
    return target === `${group}/${self}` ? null : "a relative import may not leave its package";
  }
  if (group === "packages" && PURE.includes(self)) return "a pure package imports only its own kind";
  const reserved = RESERVED.find((candidate) => candidate.name.test(specifier));
  return reserved === undefined || reserved.allowed.test(path) ? null : reserved.what;
}

/** Path from the root that a relative import means. */
function resolved(path: string, specifier: string): string {
  if (!specifier.startsWith(".")) return "";
  return new URL(specifier, `file:///${path}`).pathname.slice(1);
}
