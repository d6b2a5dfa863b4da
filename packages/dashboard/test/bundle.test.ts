import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { loadPage, type PageFiles } from "../src/bundle.ts";

/** First load of the page, compressed. */
const MOST_BYTES = 150_000;
/** Namespaces and the maker of the charts: texts, never loaded. */
const NAMED = /^https?:\/\/(www\.w3\.org|www\.tradingview\.com)\b/;

const folder = mkdtempSync(join(tmpdir(), "page-bundle-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bodyOf = (files: PageFiles, ending: string): string => [...files].find(([path]) => path.endsWith(ending))?.[1].body ?? "";

test("the page is made once, kept by what it is made of, and made again where what is kept cannot be read", async () => {
  const first = await loadPage(folder);
  const [name = ""] = readdirSync(folder);
  const kept = join(folder, name);
  const madeMs = statSync(kept).mtimeMs;
  expect(bodyOf(await loadPage(folder), ".js")).toBe(bodyOf(first, ".js"));
  expect(statSync(kept).mtimeMs).toBe(madeMs);
  writeFileSync(kept, "{");
  expect(bodyOf(await loadPage(folder), ".js")).toBe(bodyOf(first, ".js"));
  expect(JSON.parse(readFileSync(kept, "utf8")).script).toBe(bodyOf(first, ".js"));
});

test("a folder that cannot be written costs time, not the page", async () => {
  const file = join(folder, "a-file");
  writeFileSync(file, "");
  const page = await loadPage(join(file, "below"));
  const [script = ""] = [...page.keys()].filter((path) => path.endsWith(".js"));
  expect(page.get("/")?.body).toContain(script);
});

test("the first load is small, names no other host, and says whose charts these are", async () => {
  const page = await loadPage(folder);
  const loaded = ["/", ...page.keys()].filter((path) => path === "/" || path.startsWith("/assets/"));
  const bytes = loaded.reduce((sum, path) => sum + gzipSync(page.get(path)?.body ?? "").length, 0);
  expect(bytes).toBeLessThan(MOST_BYTES);
  const addresses = loaded.flatMap((path) => page.get(path)?.body.match(/https?:\/\/[\w.-]+[^"'`\s)]*/g) ?? []);
  expect(addresses.filter((address) => !NAMED.test(address))).toEqual([]);
  expect(page.get("/licenses")?.body).toMatch(/TradingView[\s\S]*Apache License[\s\S]*MIT/);
});
