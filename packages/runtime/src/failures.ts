/** A lane is another's now, or a publish was refused: the lanes are taken up anew from their checkpoints. */
export class LanesLostError extends Error {
  override name = "LanesLostError";
}

/** A handler threw at a message: the process ends, and begins again at its checkpoint. */
export class HandlerFaultError extends Error {
  override name = "HandlerFaultError";
}

/** What was gathered before a message could not be committed, for the reason in `cause`: not the fault of that message. */
class CommitFailedError extends Error {
  override name = "CommitFailedError";
}

/** Marks an error as one of the commit that a message had to wait for. @throws CommitFailedError always */
export function failCommit(cause: unknown): never {
  throw new CommitFailedError("what came before could not be committed", { cause });
}

/** The error of a commit that a message had to wait for; undefined where the message itself made the handler throw. */
export function commitFailure(error: unknown): unknown {
  return error instanceof CommitFailedError ? error.cause : undefined;
}

/** Stream CONTEXT could not be read to its end, which a message needs before it is handled. */
export class ContextUnreadError extends Error {
  override name = "ContextUnreadError";
}

/** Errors of the code itself: going on would repeat them. */
export function isMistake(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError || error instanceof SyntaxError;
}

/** Errors of the surroundings (broker, database, leases, the shutdown), which are waited out, not blamed on a message. */
export function isOperational(error: unknown): boolean {
  if (error instanceof LanesLostError || error instanceof ContextUnreadError) return true;
  const { name, code } = error as { name?: string; code?: string };
  return (
    name === "PublishRefusedError" ||
    name === "PublishUnknownError" ||
    name === "StreamMissingError" ||
    name === "AbortError" ||
    (typeof code === "string" && /^(E[A-Z_]+|08...|25006|40...|53...|55...|57...)$/.test(code)) ||
    /Connection terminated|timeout exceeded when trying to connect|CONNECTION_CLOSED|TimeoutError/i.test(
      String((error as Error).message ?? name),
    )
  );
}
