import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/** For an element to appear: enough on a machine that does a lot else. */
const LOCATOR_MS = 90_000;
/** Drawing by the processor alone is quicker than an emulated graphics card, and the same on every machine. */
const FLAGS = ["--disable-gpu", "--disable-accelerated-2d-canvas", "--no-sandbox"];

/** The browser that is on this machine, null where there is none: `CHROMIUM_PATH`, else Chromium or Chrome on the PATH. */
export function findBrowser(): string | null {
  const named = process.env["CHROMIUM_PATH"];
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const candidates = named ? [named] : NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return candidates.find(isExecutable) ?? null;
}

/** Starts the browser without a window. @throws where there is none: ask `findBrowser` first */
export function openBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === null) throw new Error(`no browser: install Debian's chromium package, or set CHROMIUM_PATH`);
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A page of a browser, with all that it complains about. */
export interface WatchedPage {
  page: Page;
  /** Errors in the console and exceptions that nobody caught. */
  errors: string[];
  /** Addresses that it asked other hosts for. */
  strangers: string[];
}

/** Opens a page that is watched from its first request on. */
export async function openPage(
  browser: Browser,
  url: string,
  options: { width: number; height: number; colorScheme?: "dark" | "light"; isTouch?: boolean },
): Promise<WatchedPage> {
  const { width, height, colorScheme = "dark", isTouch = false } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    locale: "en-US",
    hasTouch: isTouch,
    isMobile: isTouch,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(LOCATOR_MS);
  const watched: WatchedPage = { page, errors: [], strangers: [] };
  page.on("console", (message) => {
    if (message.type() === "error") watched.errors.push(`${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => watched.errors.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(new URL(url).origin) && !request.url().startsWith("data:")) watched.strangers.push(request.url());
  });
  await page.goto(url);
  return watched;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
