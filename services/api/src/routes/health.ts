import { createRoute, z } from "@hono/zod-openapi";
import type { ApiApp, ApiParts } from "../app.ts";

const healthSchema = z
  .object({
    status: z.enum(["ok", "unavailable"]),
    service: z.literal("api"),
    version: z.string(),
    time: z.number().int().describe("epoch milliseconds"),
    components: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string().optional() })),
  })
  .openapi("Health");

const content = { "application/json": { schema: healthSchema } };
const definition = {
  method: "get" as const,
  summary: "Whether the gateway can serve: its database and its broker.",
  tags: ["health"],
  responses: { 200: { description: "It can.", content }, 503: { description: "It cannot; `components` says why.", content } },
};

export function addHealth(app: ApiApp, { health, version, now }: ApiParts): void {
  for (const path of ["/api/v1/health", "/health"] as const) {
    app.openapi(createRoute({ ...definition, path, operationId: path === "/health" ? "getHealthShort" : "getHealth" }), (context) => {
      const snapshot = health.snapshot();
      const ready = snapshot.status === "ready";
      const body = {
        status: ready ? ("ok" as const) : ("unavailable" as const),
        service: "api" as const,
        version,
        time: now(),
        components: snapshot.components,
      };
      return context.json(body, ready ? 200 : 503, { "cache-control": "no-store" });
    });
  }
}
