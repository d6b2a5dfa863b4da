import type { ApiApp, ApiParts } from "../app.ts";

/** The document of every route, OpenAPI 3.1. */
export function describeApi(app: ApiApp, version: string): object {
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Tickfleet",
      version,
      description:
        "What the fleet stores, over HTTP; what it sends, as server-sent events or over a WebSocket on /api/v1/stream (README of services/api). Times are epoch milliseconds unless a name ends in Us. Problems follow RFC 9457 and say what to do; every answer carries X-Request-Id.",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    tags: ["instruments", "candles", "indicators", "patterns", "signals", "context", "trades", "stream", "health"].map((name) => ({
      name,
    })),
  });
}

export function addOpenApi(app: ApiApp, { version }: ApiParts): void {
  let document: string | null = null;
  app.get("/api/v1/openapi.json", (context) => {
    document ??= JSON.stringify(describeApi(app, version));
    return context.body(document, 200, { "content-type": "application/json", "cache-control": "no-cache" });
  });
}
