/** A message or row that cannot be read: it is kept and counted, never guessed at. */
export class InvalidMessageError extends Error {
  override name = "InvalidMessageError";
}
