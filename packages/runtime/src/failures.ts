/** A lane is another's now, or a publish was refused: the lanes are taken up anew from their checkpoints. */
export class LanesLostError extends Error {
  override name = "LanesLostError";
}

/** Errors of the code itself: going on would repeat them. */
export function isMistake(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError || error instanceof SyntaxError;
}

/** Errors of the surroundings (broker, database, leases), which are waited out, not blamed on a message. */
export function isOperational(error: unknown): boolean {
  if (error instanceof LanesLostError) return true;
  const { name, code } = error as { name?: string; code?: string };
  return (
    name === "PublishRefusedError" ||
    name === "PublishUnknownError" ||
    name === "StreamMissingError" ||
    (typeof code === "string" && /^(E[A-Z]+|08...|57P..|53...|40...)$/.test(code)) ||
    /Connection terminated|timeout exceeded when trying to connect|CONNECTION_CLOSED|TimeoutError/i.test(
      String((error as Error).message ?? name),
    )
  );
}
