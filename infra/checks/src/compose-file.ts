import { parse } from "yaml";

/** Values of variables, such as those of `.env`. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** A container as a compose file describes it, as far as our checks look at it. */
export interface ComposeService {
  image: string;
  build?: { context: string; dockerfile: string };
  profiles?: string[];
  command?: string[];
  entrypoint?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  volumes?: string[];
  ports?: string[];
  networks?: string[];
  restart?: string;
  stop_grace_period?: string;
  init?: boolean;
  user?: string;
  read_only?: boolean;
  tmpfs?: string[];
  deploy?: { resources: { limits: { cpus: string; memory: string } } };
}

export interface ComposeFile {
  services: Record<string, ComposeService>;
  networks: Record<string, { internal?: boolean } | null>;
  volumes: Record<string, unknown>;
}

/** A variable that must be set is not. */
export class MissingVariableError extends Error {
  override name = "MissingVariableError";
}

/**
 * Reads a compose file with its variables replaced, as the specification says (compose-spec/12-interpolation.md).
 * @throws MissingVariableError
 */
export function parseCompose(text: string, variables: Variables): ComposeFile {
  return interpolateAll(parse(text, { merge: true }), variables) as ComposeFile;
}

/** Names of the variables that a compose file takes. */
export function variablesOf(text: string): string[] {
  const names = new Set<string>();
  eachText(parse(text, { merge: true }), (value) => {
    for (const [, name] of value.replaceAll("$$", "").matchAll(/\$\{?([A-Za-z_]\w*)/g)) names.add(name as string);
  });
  return [...names].sort();
}

/** The variables of an `.env` file; comments behind a value begin after a blank. */
export function parseEnvFile(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/^([A-Za-z_]\w*)=(.*)$/gm)];
  return Object.fromEntries(pairs.map(([, name, value]) => [name as string, (value as string).replace(/(^|\s+)#.*$/, "").trim()]));
}

function interpolateAll(value: unknown, variables: Variables): unknown {
  if (typeof value === "string") return interpolate(value, variables);
  if (Array.isArray(value)) return value.map((item) => interpolateAll(item, variables));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, interpolateAll(item, variables)]));
}

function eachText(value: unknown, act: (text: string) => void): void {
  if (typeof value === "string") act(value);
  else if (typeof value === "object" && value !== null) for (const item of Object.values(value)) eachText(item, act);
}

/** Text with `$NAME`, `${NAME}` and the forms with `-`, `?` and `+` replaced; `$$` is a dollar. @throws MissingVariableError */
export function interpolate(text: string, variables: Variables): string {
  let result = "";
  for (let at = 0; at < text.length; ) {
    if (text.startsWith("$$", at)) {
      result += "$";
      at += 2;
    } else if (text.startsWith("${", at)) {
      const end = closingBrace(text, at + 2);
      result += replacement(text.slice(at + 2, end), variables);
      at = end + 1;
    } else {
      const name = /^\$([A-Za-z_]\w*)/.exec(text.slice(at));
      result += name === null ? text[at] : (variables[name[1] as string] ?? "");
      at += name === null ? 1 : name[0].length;
    }
  }
  return result;
}

function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith("${", at)) depth += 1;
    else if (text[at] === "}") depth -= 1;
    if (depth === 0) return at;
  }
  throw new SyntaxError(`no closing brace in ${text}`);
}

function replacement(expression: string, variables: Variables): string {
  const match = /^([A-Za-z_]\w*)(?:(:?)([-?+])([\s\S]*))?$/.exec(expression);
  if (match === null) throw new SyntaxError(`\${${expression}} is no variable of a compose file`);
  const [, name = "", colon, operator, operand = ""] = match;
  const value = variables[name];
  const isThere = value !== undefined && (colon !== ":" || value !== "");
  if (operator === "+") return isThere ? interpolate(operand, variables) : "";
  if (isThere) return value;
  if (operator === "-") return interpolate(operand, variables);
  if (operator === "?") throw new MissingVariableError(`${name}: ${interpolate(operand, variables)}`);
  return "";
}
