import { z } from "zod";

const ORIGIN = /^(local|\*|https?:\/\/[^\s/]+)$/;

/** Variables that the gateway adds to the shared ones. */
export const apiConfig = {
  API_HOST: z.string().min(1).default("127.0.0.1").describe("address that HTTP and WebSocket listen on"),
  API_PORT: z.coerce.number().int().min(0).max(65_535).default(8080).describe("port of HTTP and WebSocket, 0 for any free one"),
  API_PORT_FILE: z.string().min(1).optional().describe("file that the port in use is written to"),
  API_CACHE_DIR: z.string().min(1).optional().describe("folder that the page's bundle is kept in; by default one for temporary files"),
  API_DATABASE_CONNECTIONS: z.coerce.number().int().min(1).max(100).default(8).describe("most connections to the database"),
  API_STREAM_CONNECTIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(2_000)
    .describe("most connections of the stream, WebSockets and server-sent events"),
  API_ALLOWED_ORIGINS: z
    .string()
    .transform((text) =>
      text
        .split(",")
        .map((entry) => entry.trim())
        .filter((entry) => entry !== ""),
    )
    .pipe(z.array(z.string().regex(ORIGIN, "expected origins such as https://charts.example.com, local or *")))
    .prefault("local")
    .describe(
      "origins, separated by commas, whose pages may open a stream beside those of the gateway's own host; local: this machine's, *: all",
    ),
};
