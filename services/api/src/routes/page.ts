import type { ApiApp, ApiParts } from "../app.ts";

const HEADERS = {
  "content-security-policy":
    "default-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; img-src 'self' data:; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "same-origin",
};
const FOREVER = "public, max-age=31536000, immutable";
const PATHS = ["/", "/licenses", "/favicon.svg", "/assets/*"] as const;

/** The dashboard: all that it loads comes from here. */
export function addPage(app: ApiApp, { page }: ApiParts): void {
  for (const path of PATHS) {
    app.get(path, async (context) => {
      const file = (await page()).get(context.req.path);
      if (file === undefined) return context.notFound();
      const cache = file.isImmutable ? FOREVER : "no-cache";
      return context.body(file.body, 200, { ...HEADERS, "content-type": file.type, "cache-control": cache });
    });
  }
  app.get("/favicon.ico", (context) => context.body(null, 204));
}
