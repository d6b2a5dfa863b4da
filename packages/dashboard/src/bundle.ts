import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, version as bundlerVersion } from "esbuild";

/** A file of the page. */
export interface PageFile {
  body: string;
  type: string;
  /** Its name holds the hash of what it is made of: what has that name never changes. */
  isImmutable: boolean;
}

/** The page by path. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const ENTRIES = ["page/main.tsx", "page/page.css"].map((path) => fileURLToPath(new URL(path, import.meta.url)));
const FOLDERS = ["page/", "page/panels/", "../../client/src/"].map((path) => fileURLToPath(new URL(path, import.meta.url)));
/** Packages whose code is in the bundle, or is served with it. */
const BUNDLED = ["lightweight-charts", "preact", "@preact/signals"] as const;

/**
 * The page, ready to be served: bundled when it is asked for the first time, and taken from the folder afterwards.
 * The name of what is kept is the hash of all it is made of, so another version of the code is never mixed up.
 * @param folder where bundles are kept; null is a folder of the system's for temporary files
 */
export async function loadPage(folder: string | null): Promise<PageFiles> {
  const hash = await hashOfSources();
  const kept = join(folder ?? join(tmpdir(), "tickfleet-page"), `page-${hash}.json`);
  const { script, style } = (await readKept(kept)) ?? (await bundle(kept));
  return new Map<string, PageFile>([
    ["/", { body: html(hash), type: "text/html; charset=utf-8", isImmutable: false }],
    [`/assets/page-${hash}.js`, { body: script, type: "text/javascript; charset=utf-8", isImmutable: true }],
    [`/assets/page-${hash}.css`, { body: style, type: "text/css; charset=utf-8", isImmutable: true }],
    ["/licenses", { body: await licenses(), type: "text/plain; charset=utf-8", isImmutable: false }],
    ["/favicon.svg", { body: ICON, type: "image/svg+xml", isImmutable: false }],
  ]);
}

interface Bundle {
  script: string;
  style: string;
}

async function hashOfSources(): Promise<string> {
  const hash = createHash("sha256").update(bundlerVersion);
  for (const name of BUNDLED) hash.update(`${name} ${await versionOf(name)}`);
  for (const folder of FOLDERS) {
    const names = (await readdir(folder)).filter((name) => /\.(ts|tsx|css)$/.test(name) && !name.includes(".test.")).sort();
    for (const name of names) hash.update(name).update(await readFile(join(folder, name)));
  }
  return hash.digest("hex").slice(0, 12);
}

async function versionOf(name: string): Promise<string> {
  return (JSON.parse(await readFile(join(packageFolder(name), "package.json"), "utf8")) as { version: string }).version;
}

/** The package's folder; some packages keep their own description to themselves, none its entry. */
function packageFolder(name: string): string {
  const entry = fileURLToPath(import.meta.resolve(name));
  const inside = `/node_modules/${name}/`;
  return entry.slice(0, entry.lastIndexOf(inside) + inside.length);
}

async function readKept(path: string): Promise<Bundle | null> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Bundle;
  } catch {
    return null;
  }
}

async function bundle(kept: string): Promise<Bundle> {
  const { outputFiles } = await build({
    entryPoints: ENTRIES,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["chrome111", "firefox114", "safari16.4"],
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    outdir: "out",
    write: false,
    logLevel: "silent",
  });
  const text = (ending: string): string => outputFiles.find((file) => file.path.endsWith(ending))?.text ?? "";
  const made = { script: text(".js"), style: text(".css") };
  // a folder that cannot be written costs the next start the time to bundle again
  await keep(kept, made).catch(() => undefined);
  return made;
}

async function keep(path: string, made: Bundle): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  await writeFile(part, JSON.stringify(made));
  await rename(part, path);
}

async function licenses(): Promise<string> {
  const texts = await Promise.all(
    BUNDLED.map(async (name) => {
      const text = await readFile(join(packageFolder(name), "LICENSE"), "utf8").catch(() => "see the package");
      return `${name} ${await versionOf(name)}\n\n${text.trim()}`;
    }),
  );
  return `TradingView Lightweight Charts™\nCopyright (c) 2025 TradingView, Inc. https://www.tradingview.com/\n\n${texts.join(`\n\n${"-".repeat(72)}\n\n`)}\n`;
}

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0b0e13"/><path d="M3.5 2v12M8 1v12M12.5 4v11" stroke="#6cabff"/><path d="M2 5h3v5H2zM6.5 3h3v6h-3zM11 6.5h3v6h-3z" fill="#6cabff"/></svg>`;

function html(hash: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="dark light" />
    <title>Tickfleet</title>
    <link rel="icon" href="/favicon.svg" />
    <link rel="stylesheet" href="/assets/page-${hash}.css" />
    <script type="module" src="/assets/page-${hash}.js"></script>
  </head>
  <body><noscript>This page draws charts: it needs JavaScript.</noscript></body>
</html>
`;
}
