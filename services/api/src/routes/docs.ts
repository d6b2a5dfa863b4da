import { readFile } from "node:fs/promises";
import type { ApiApp } from "../app.ts";

const PACKAGE = import.meta.resolve("swagger-ui-dist/package.json");
/** Files of the renderer that the page loads; nothing comes from elsewhere. */
const FILES: readonly (readonly [string, string])[] = [
  ["swagger-ui.css", "text/css; charset=utf-8"],
  ["swagger-ui-bundle.js", "text/javascript; charset=utf-8"],
  ["LICENSE", "text/plain; charset=utf-8"],
];
const HEADERS = {
  "cache-control": "no-cache",
  "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
};

const HTML = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Tickfleet API</title>
    <link rel="icon" href="/favicon.svg" />
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
    <style>body { margin: 0 } .swagger-ui .info { margin: 24px 0 12px } nav { padding: 10px 20px; font: 14px system-ui, sans-serif }</style>
    <script defer src="/docs/swagger-ui-bundle.js"></script>
    <script defer src="/docs/start.js"></script>
  </head>
  <body>
    <nav><a href="/">Chart</a> · <a href="/api/v1/openapi.json">openapi.json</a> · <a href="/docs/LICENSE">Swagger UI, Apache-2.0</a></nav>
    <div id="docs"></div>
  </body>
</html>
`;

const START = `const scheme = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", scheme.matches);
scheme.addEventListener("change", follow);
follow();
SwaggerUIBundle({ url: "/api/v1/openapi.json", dom_id: "#docs", deepLinking: true, tryItOutEnabled: true, validatorUrl: null, defaultModelsExpandDepth: 0 });
`;

/** The HTTP reference to browse and to try, drawn by Swagger UI from `/api/v1/openapi.json`. */
export function addDocs(app: ApiApp): void {
  app.get("/docs", (context) => context.body(HTML, 200, { ...HEADERS, "content-type": "text/html; charset=utf-8" }));
  app.get("/docs/start.js", (context) => context.body(START, 200, { ...HEADERS, "content-type": "text/javascript; charset=utf-8" }));
  for (const [name, type] of FILES) {
    app.get(`/docs/${name}`, async (context) =>
      context.body(await readFile(new URL(name, PACKAGE)), 200, { ...HEADERS, "content-type": type }),
    );
  }
}
