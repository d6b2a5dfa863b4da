import type { Context } from "hono";
import type { ApiEnvironment } from "./app.ts";
import type { ListQuery } from "./list-query.ts";
import type { Page } from "./store.ts";

/** Answers with a page: body `{data, cursor}` and what more there is to say, and a `Link` to the next page where there is one. */
export function answerList<More extends object = object>(context: Context<ApiEnvironment>, list: ListQuery, page: Page, more?: More) {
  const cursor = list.next(page);
  if (cursor !== null) {
    const next = new URL(context.req.url);
    next.searchParams.set("cursor", cursor);
    context.header("Link", `<${next.pathname}${next.search}>; rel="next"`);
  }
  return context.json({ data: page.rows, cursor, ...(more as More) }, 200, { "cache-control": "no-cache" });
}
