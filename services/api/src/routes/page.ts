import { readFile } from "node:fs/promises";
import type { ApiApp } from "../app.ts";

const PAGE = new URL("../../page/", import.meta.url);
const CHART = new URL("dist/lightweight-charts.standalone.production.mjs", import.meta.resolve("lightweight-charts/package.json"));

/** Path, file and content type of all that the page loads; nothing comes from elsewhere. */
const FILES: readonly (readonly [string, URL, string])[] = [
  ["/", new URL("index.html", PAGE), "text/html; charset=utf-8"],
  ["/page.js", new URL("page.js", PAGE), "text/javascript; charset=utf-8"],
  ["/market-chart.js", new URL("market-chart.js", PAGE), "text/javascript; charset=utf-8"],
  ["/page.css", new URL("page.css", PAGE), "text/css; charset=utf-8"],
  ["/lightweight-charts.js", CHART, "text/javascript; charset=utf-8"],
];
const HEADERS = {
  "cache-control": "no-cache",
  "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; img-src 'self' data:",
  "x-content-type-options": "nosniff",
};

export function addPage(app: ApiApp): void {
  for (const [path, file, type] of FILES) {
    app.get(path, async (context) => context.body(await readFile(file), 200, { ...HEADERS, "content-type": type }));
  }
  app.get("/favicon.ico", (context) => context.body(null, 204));
}
