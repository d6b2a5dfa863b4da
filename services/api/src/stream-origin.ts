/** In the list of allowed origins: pages of this machine, on any port. */
export const LOCAL_ORIGINS = "local";
/** In the list of allowed origins: every page. */
export const ALL_ORIGINS = "*";

const LOCAL_NAMES = /^(localhost|[\w-]+\.localhost|127\.0\.0\.1|\[::1\])$/;

/**
 * Whether a page may open a stream: browsers let every page open a WebSocket anywhere, and only say where it came from.
 * @param origin header `Origin`, undefined where no browser asks
 * @param host header `Host`
 * @param allowed origins (`https://charts.example.com`) beside the gateway's own host, `local` or `*`
 */
export function isOriginAllowed(origin: string | undefined, host: string | undefined, allowed: readonly string[]): boolean {
  if (origin === undefined || allowed.includes(ALL_ORIGINS) || allowed.includes(origin)) return true;
  const url = URL.parse(origin);
  if (url === null) return false;
  if (host !== undefined && URL.parse(`${url.protocol}//${host}`)?.host === url.host) return true;
  return allowed.includes(LOCAL_ORIGINS) && LOCAL_NAMES.test(url.hostname);
}
