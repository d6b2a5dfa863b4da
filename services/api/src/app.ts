import { randomUUID } from "node:crypto";
import { OpenAPIHono } from "@hono/zod-openapi";
import type { PageFiles } from "@tickfleet/dashboard/bundle";
import type { Health } from "@tickfleet/runtime/health";
import type { Logger } from "@tickfleet/runtime/logger";
import type { Context } from "hono";
import type { ConnectionStates } from "./connection-states.ts";
import type { InstrumentMemory } from "./instrument-memory.ts";
import type { LatencyWatch } from "./latency-watch.ts";
import { createProblem, type Fault, nearest, type Problem, RequestError, UnavailableError } from "./problem.ts";
import { addCandles } from "./routes/candles.ts";
import { addDocs } from "./routes/docs.ts";
import { addFutures } from "./routes/futures.ts";
import { addHealth } from "./routes/health.ts";
import { addIndicators } from "./routes/indicators.ts";
import { addInstruments } from "./routes/instruments.ts";
import { addLatency } from "./routes/latency.ts";
import { addNews } from "./routes/news.ts";
import { addOpenApi } from "./routes/openapi.ts";
import { addPage } from "./routes/page.ts";
import { addPatterns } from "./routes/patterns.ts";
import { addSentiment } from "./routes/sentiment.ts";
import { addSignals } from "./routes/signals.ts";
import { addStream } from "./routes/stream.ts";
import { addTrades } from "./routes/trades.ts";
import type { ApiStore } from "./store.ts";
import type { StreamServer } from "./stream-server.ts";

/** What the routes work with. */
export interface ApiParts {
  store: ApiStore;
  instruments: InstrumentMemory;
  health: Health;
  stream: StreamServer;
  latency: LatencyWatch;
  connections: Pick<ConnectionStates, "sourcesOf">;
  /** Files of the dashboard, made ready when they are asked for the first time. */
  page(): Promise<PageFiles>;
  logger: Pick<Logger, "error" | "warn">;
  version: string;
  /** The present, epoch milliseconds. */
  now(): number;
  /** Called after every answer. */
  onAnswer?(route: string, status: number, seconds: number): void;
}

export interface ApiEnvironment {
  Variables: { requestId: string };
}

export type ApiApp = OpenAPIHono<ApiEnvironment>;

const REQUEST_ID = /^[\w.:-]{1,100}$/;
/** PostgreSQL takes no NUL in a text, and no name holds any of the others. */
const CONTROL_CHARACTER = /\p{Cc}/u;
const RETRY_SECONDS = "2";

/** Every route of the gateway. */
export function createApp(parts: ApiParts): ApiApp {
  const app: ApiApp = new OpenAPIHono<ApiEnvironment>({
    defaultHook: (result) => {
      if (result.success) return;
      throw new RequestError(
        result.error.issues.map((issue): Fault => {
          const field = issue.path.map(String).join(".");
          return { code: "invalid-parameter", field, detail: `${field}: ${issue.message}`, fix: "give the parameter once, as text" };
        }),
      );
    },
  });
  app.use(async (context, next) => {
    const start = performance.now();
    const given = context.req.header("x-request-id");
    context.set("requestId", given !== undefined && REQUEST_ID.test(given) ? given : randomUUID());
    await next();
    context.header("X-Request-Id", context.get("requestId"));
    parts.onAnswer?.(context.req.routePath, context.res.status, (performance.now() - start) / 1_000);
  });
  addHealth(app, parts);
  addInstruments(app, parts);
  addCandles(app, parts);
  addTrades(app, parts);
  addIndicators(app, parts);
  addPatterns(app, parts);
  addSignals(app, parts);
  addSentiment(app, parts);
  addNews(app, parts);
  addFutures(app, parts);
  addStream(app, parts);
  addLatency(app, parts);
  addOpenApi(app, parts);
  addPage(app, parts);
  addDocs(app);
  app.notFound((context) => answer(context, createProblem([unknownRoute(app, context)], context.get("requestId"))));
  app.onError((error, context) => answerError(error, context, parts));
  return app;
}

/** Finds parameters that the route does not know (a misspelt `from` must not be passed over), and values that no text holds. */
export function checkParameters(context: Context<ApiEnvironment>, known: readonly string[], faults: Fault[]): void {
  for (const [field, value] of Object.entries(context.req.query())) {
    if (known.includes(field)) {
      const detail = `${field} holds a control character: ${JSON.stringify(value.slice(0, 64))}`;
      if (CONTROL_CHARACTER.test(value)) faults.push({ code: "invalid-parameter", field, detail, fix: "give printable text" });
      continue;
    }
    const meant = nearest(field, known);
    const fix = meant === null ? `the parameters are ${known.join(", ")}` : `did you mean ${meant}?`;
    faults.push({ code: "unknown-parameter", field, detail: `there is no parameter ${JSON.stringify(field.slice(0, 64))}`, fix });
  }
}

function answerError(error: Error, context: Context<ApiEnvironment>, parts: ApiParts): Response {
  const requestId = context.get("requestId");
  if (error instanceof RequestError) return answer(context, createProblem(error.faults, requestId));
  if (error instanceof UnavailableError) {
    parts.logger.warn({ err: error, requestId, part: error.part }, "a request could not be served");
    context.header("Retry-After", RETRY_SECONDS);
    const fix = `try again in ${RETRY_SECONDS} seconds`;
    return answer(context, createProblem([{ code: "unavailable", field: null, detail: error.message, fix }], requestId, error.part));
  }
  parts.logger.error({ err: error, requestId, path: context.req.path }, "a request failed");
  const fix = "report it with the requestId; the log holds the cause";
  return answer(
    context,
    createProblem([{ code: "internal", field: null, detail: "the request failed inside the gateway", fix }], requestId),
  );
}

function answer(context: Context<ApiEnvironment>, problem: Problem): Response {
  return context.body(JSON.stringify(problem), problem.status as 400, {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
  });
}

function unknownRoute(app: ApiApp, context: Context<ApiEnvironment>): Fault {
  const paths = [...new Set(app.routes.map((route) => route.path))].filter((path) => !path.includes("*"));
  const { path, method } = context.req;
  if (paths.includes(path) && method !== "GET") {
    return { code: "method-not-allowed", field: null, detail: `${path} does not take ${method}`, fix: "use GET" };
  }
  const meant = nearest(path, paths);
  const fix = meant === null ? "see /api/v1/openapi.json" : `did you mean ${meant}?`;
  return { code: "unknown-route", field: null, detail: `there is no ${path.slice(0, 200)}`, fix };
}
