/** One line on a terminal that is written over; nothing where standard error is none. */
export interface Progress {
  show(text: string): void;
  /** A line that stays, also where no terminal is. */
  note(text: string): void;
  end(): void;
}

const CLEAR = "\r\u001b[K";

export function createProgress(): Progress {
  const stderr = process.stderr;
  const isTerminal = stderr.isTTY === true;
  return {
    show: (text) => {
      if (isTerminal) stderr.write(`${CLEAR}${text.slice(0, Math.max(20, (stderr.columns ?? 80) - 1))}`);
    },
    note: (text) => void stderr.write(`${isTerminal ? CLEAR : ""}${text}\n`),
    end: () => {
      if (isTerminal) stderr.write(CLEAR);
    },
  };
}
