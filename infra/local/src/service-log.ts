import { createWriteStream, existsSync, renameSync, rmSync, statSync } from "node:fs";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** Takes what a service prints: all of it into a file, warnings and errors also to the terminal. */
export interface ServiceLog {
  /** Follows one process's output. */
  follow(output: Readable): void;
  /** Newest lines, oldest first. */
  tail(): string[];
}

type Shown = (level: "warn" | "error", message: string) => void;

const KEPT_LINES = 15;
const LONGEST_LINE = 20_000;
const LARGEST_BYTES = 50 * 1024 * 1024;
/** No more lines than this are shown in a while, the file has all. */
const SHOWN_LINES = 10;
const SHOWN_EVERY_MS = 10_000;
const WARN = 40;
const ERROR = 50;

/** Opens the log file, the one before is kept as `<file>.previous`; a file that gets too large begins anew. */
export function openServiceLog(file: string, show: Shown): ServiceLog {
  const tail: string[] = [];
  let stream = begin();
  let bytes = 0;
  let windowEnds = 0;
  let shown = 0;

  function begin(): ReturnType<typeof createWriteStream> {
    rmSync(`${file}.previous`, { force: true });
    if (existsSync(file) && statSync(file).size > 0) renameSync(file, `${file}.previous`);
    const opened = createWriteStream(file, { flags: "a", mode: 0o600 });
    opened.on("error", (error) => show("error", `its log cannot be written: ${error.message}`));
    return opened;
  }

  function take(line: string): void {
    if (line === "") return;
    tail.push(line.slice(0, LONGEST_LINE));
    if (tail.length > KEPT_LINES) tail.shift();
    if (bytes > LARGEST_BYTES) {
      stream.end();
      stream = begin();
      bytes = 0;
    }
    stream.write(`${line}\n`);
    bytes += line.length + 1;
    const told = worthTelling(line);
    if (told === null) return;
    if (Date.now() > windowEnds) {
      windowEnds = Date.now() + SHOWN_EVERY_MS;
      shown = 0;
    }
    shown += 1;
    if (shown <= SHOWN_LINES) show(told.level, told.message);
    else if (shown === SHOWN_LINES + 1) show(told.level, `more, in ${file}`);
  }

  return {
    follow(output) {
      const decoder = new StringDecoder("utf8");
      let rest = "";
      output.on("data", (data: Buffer) => {
        const lines = (rest + decoder.write(data)).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) take(line);
      });
      output.on("end", () => take(rest));
      output.on("error", () => {});
    },
    tail: () => [...tail],
  };
}

/** A line of a service's log at level warn or above, or one that is no log line at all, as words; else null. */
function worthTelling(line: string): { level: "warn" | "error"; message: string } | null {
  if (!line.startsWith("{")) return { level: "warn", message: line };
  try {
    const { level, msg, err, time, pid, hostname, service, version, ...rest } = JSON.parse(line) as Record<string, unknown>;
    const rank = typeof level === "number" ? level : { warn: WARN, error: ERROR, fatal: ERROR }[String(level)];
    if (rank === undefined || rank < WARN) return null;
    const cause = (err as { message?: string } | undefined)?.message;
    const details = Object.keys(rest).length === 0 ? "" : ` ${JSON.stringify(rest)}`;
    return { level: rank < ERROR ? "warn" : "error", message: `${String(msg)}${cause === undefined ? "" : `: ${cause}`}${details}` };
  } catch {
    return { level: "warn", message: line };
  }
}
