import { expect, test } from "vitest";
import { forbiddenImports, serviceImports } from "./dependencies.ts";
import { badNames, barrels } from "./names.ts";
import { environmentReads, impurities, rawShapes, spelledSubjects, strayStatements } from "./purity.ts";
import { packageFiles, sourceFiles, type Violation, workspaceFolders } from "./repository.ts";
import { longFiles, longFunctions } from "./size.ts";
import { parseFile } from "./syntax.ts";
import { manifestFaults, missingServiceFiles, readme, readmeFaults } from "./workspace.ts";

const texts = sourceFiles();
const files = texts.map(parseFile);
const services = workspaceFolders()
  .filter((folder) => folder.startsWith("services/"))
  .map((folder) => folder.slice("services/".length));

const checks: Readonly<Record<string, () => Violation[]>> = {
  "no file is too long": () => longFiles(texts),
  "no function is too long": () => longFunctions(files),
  "names are kebab-case and say something": () => badNames(texts),
  "there are no barrels": () => barrels(files),
  "imports follow the dependency table": () => forbiddenImports(files),
  "nothing imports a service": () => serviceImports(files, services),
  "pure packages are pure": () => impurities(files),
  "subjects are spelled only in contracts": () => spelledSubjects(files),
  "the environment is read only by runtime/config": () => environmentReads(files),
  "SQL is only in database, stores and migrations": () => strayStatements(files),
  "raw shapes are known only to parsers": () => rawShapes(files),
  "every service has the same files": () => services.flatMap((service) => missingServiceFiles(service)),
  "every service's README says the same things": () => services.flatMap((service) => readmeFaults(readme(service))),
  "every package.json has the same shape": () => packageFiles().flatMap(manifestFaults),
};

test.each(Object.entries(checks))("%s", (_, check) => {
  const found = check().map(({ path, line, what }) => `${path}${line === 0 ? "" : `:${line}`}: ${what}`);
  expect(found).toEqual([]);
});

test("the checks see the repository", () => {
  expect(files.length).toBeGreaterThan(50);
  expect(services).toEqual(expect.arrayContaining(["aggregator", "api", "indicator", "ingest", "pattern-detector"]));
});
