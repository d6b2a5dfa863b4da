import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";

// `npm run coverage`: a process that was killed while it wrote what it had run leaves half a file, and over half a file
// vitest would throw away what all processes of the test file had run.
afterAll(() => {
  const folder = process.env["NODE_V8_COVERAGE"];
  if (folder === undefined || !existsSync(folder)) return;
  for (const name of readdirSync(folder)) if (!isWhole(join(folder, name))) rmSync(join(folder, name), { force: true });
});

function isWhole(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, "utf8"));
    return true;
  } catch {
    return false;
  }
}
