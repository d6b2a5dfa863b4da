import { z } from "zod";

/** Variables that every service knows. */
export const sharedConfig = {
  NATS_URL: z
    .string()
    .regex(/^(nats|tls):\/\//, "expected nats://host:port")
    .default("nats://127.0.0.1:4222")
    .describe("address of the broker"),
  NATS_USER: z.string().min(1).optional().describe("user at the broker"),
  NATS_PASSWORD: z.string().min(1).optional().describe("password at the broker"),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "expected postgres://user:password@host:port/database")
    .describe("address of the database"),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal"]).default("info").describe("least level that is logged"),
  OPS_HOST: z.string().min(1).default("127.0.0.1").describe("address of the ops server"),
  OPS_PORT: z.coerce.number().int().min(0).max(65_535).default(0).describe("port of the ops server, 0 for any free one"),
  OPS_PORT_FILE: z.string().min(1).optional().describe("file that the ops port is written to"),
  SHUTDOWN_SECONDS: z.coerce.number().min(1).max(300).default(25).describe("time to stop in before the process ends itself"),
};

const sharedSchema = z.object(sharedConfig);
export type SharedConfig = z.infer<typeof sharedSchema>;
export type Config<Shape extends z.ZodRawShape> = SharedConfig & z.infer<z.ZodObject<Shape>>;

const SECRET = /PASSWORD|KEY|SECRET|TOKEN/;

/** The environment is not as it must be; the message lists every fault. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/**
 * Reads the shared variables and those of `shape`; the one place that reads the environment.
 * @throws ConfigError with every fault: the variable, what was expected, what was found, how to set it
 */
export function readConfig<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config<Shape> {
  const schemas: Record<string, z.ZodType> = { ...sharedConfig, ...(shape as unknown as Record<string, z.ZodType>) };
  const values: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const [name, schema] of Object.entries(schemas)) {
    const text = environment[name];
    const found = text === undefined || text === "" ? undefined : text;
    const result = schema.safeParse(found);
    if (result.success) values[name] = result.data;
    else faults.push(describeFault(name, schema, found, result.error.issues[0]?.message ?? "is not valid"));
  }
  if (faults.length > 0)
    throw new ConfigError(`${faults.length} of the environment's variables must be set otherwise:\n${faults.join("\n")}`);
  return values as Config<Shape>;
}

function describeFault(name: string, schema: z.ZodType, found: string | undefined, problem: string): string {
  const shown =
    found === undefined
      ? "it is not set"
      : `found ${SECRET.test(name) ? "a value that is not shown" : JSON.stringify(hidePassword(found))}`;
  const meaning = schema.description === undefined ? "" : ` (${schema.description})`;
  return `  ${name}${meaning}: ${found === undefined ? "it must be set" : problem}; ${shown}. Set it with ${name}=<value> before the command, or in the environment of the container.`;
}

/** Text in which addresses have lost their passwords, and brokers' addresses their tokens. */
export function hidePassword(text: string): string {
  return text.replace(/(\w+:\/\/[^:@/\s"]*:)[^\s/"]*@/g, "$1***@").replace(/((?:nats|tls):\/\/)[^:@/\s"]+@/g, "$1***@");
}
