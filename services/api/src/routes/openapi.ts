import type { ApiApp, ApiParts } from "../app.ts";

/** The document of every route, OpenAPI 3.1. */
export function describeApi(app: ApiApp, version: string): object {
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Tickfleet",
      version,
      description:
        "Candles and trades over HTTP. Times are epoch milliseconds unless a name ends in Us. Live candles come over the WebSocket /api/v1/stream, described in the README of services/api. Problems follow RFC 9457; every answer carries X-Request-Id.",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    tags: [{ name: "candles" }, { name: "trades" }, { name: "instruments" }, { name: "health" }],
  });
}

export function addOpenApi(app: ApiApp, { version }: ApiParts): void {
  let document: string | null = null;
  app.get("/api/v1/openapi.json", (context) => {
    document ??= JSON.stringify(describeApi(app, version));
    return context.body(document, 200, { "content-type": "application/json", "cache-control": "no-cache" });
  });
}
