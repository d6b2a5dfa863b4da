import { createRoute, z } from "@hono/zod-openapi";
import { type ApiApp, type ApiParts, checkParameters } from "../app.ts";
import { LATENCY_WINDOW_MS } from "../latency-watch.ts";
import { type Fault, problemSchema, RequestError } from "../problem.ts";

const ms = z.number().describe("milliseconds");
const hopSchema = z.object({
  from: z
    .string()
    .describe("received, published, aggregated, ...: a stamp of the message; closed: the candle's close; stored: by the broker"),
  to: z.string().describe("the next of them by time; gateway: the arrival here"),
  p50: ms,
  p99: ms,
  samples: z.number().int(),
});

const route = createRoute({
  method: "get",
  path: "/api/v1/latency",
  operationId: "getLatency",
  summary: "How long messages took from hop to hop over the last minutes, per stream and message.",
  description:
    "Measured on messages as they reach this gateway (at most 50 a second and kind): hops between neighbouring stamps, and one from the first stamp to the gateway. What is older than the window, such as a replayed past, is left out. Clocks of several machines are compared as they are.",
  tags: ["health"],
  responses: {
    200: {
      description: "Messages that came within the window.",
      content: {
        "application/json": {
          schema: z
            .object({
              windowMs: z.number().int(),
              data: z.array(
                z.object({ stream: z.string().nullable().describe("null: kept in none"), message: z.string(), hops: z.array(hopSchema) }),
              ),
            })
            .openapi("Latency", {
              example: {
                windowMs: LATENCY_WINDOW_MS,
                data: [
                  {
                    stream: "MARKET",
                    message: "trade-batch",
                    hops: [{ from: "published", to: "stored", p50: 0.42, p99: 1.8, samples: 2400 }],
                  },
                ],
              },
            }),
        },
      },
    },
    default: { description: "A problem.", content: { "application/problem+json": { schema: problemSchema } } },
  },
});

export function addLatency(app: ApiApp, { latency }: ApiParts): void {
  app.openapi(route, (context) => {
    const faults: Fault[] = [];
    checkParameters(context, [], faults);
    if (faults.length > 0) throw new RequestError(faults);
    return context.json({ windowMs: LATENCY_WINDOW_MS, data: latency.report() }, 200, { "cache-control": "no-store" });
  });
}
