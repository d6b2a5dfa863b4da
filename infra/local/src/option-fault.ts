/**
 * What is wrong with a command line that Node's `parseArgs` refused, in our words.
 * @param error what it threw
 */
export function describeOptionFault(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // Node's words go on with advice about `--` that fits no command of ours
  const unknown = /^Unknown option '([^']+)'/.exec(message)?.[1];
  if (unknown !== undefined) return `there is no option ${unknown}`;
  const word = /^Unexpected argument '(.*?)'\. /s.exec(message)?.[1];
  if (word !== undefined) return `expected options only, found ${JSON.stringify(word)}`;
  const option = /^Option '(?:-\w, )?(--[\w-]+)/.exec(message)?.[1];
  if (option === undefined) return message;
  return message.includes("does not take an argument") ? `${option} takes no value` : `${option} needs a value`;
}
