import type pg from "pg";
import { detectEdition } from "./edition.ts";

/** A service's schema is missing something that only a more powerful user can give; the message holds the statements to run. */
export class MissingRightsError extends Error {
  override name = "MissingRightsError";
}

/** Views of one service that another may read. */
export interface ViewGrant {
  /** Service that reads, such as `aggregator`. */
  reader: string;
  /** Qualified names of `pub_` views, such as `ingest.pub_trades`. */
  views: readonly string[];
}

const NAME = /^[a-z][a-z0-9-]*$/;
const PUBLIC_VIEW = /^([a-z][a-z0-9_]*)\.(pub_[a-z0-9_]+)$/;
const ATTEMPTS = 20;
/** Somebody else made the same role or membership at the same moment (roles belong to the whole server). */
const RACES = new Set(["23505", "42710", "XX000", "40001"]);
const INSUFFICIENT_PRIVILEGE = "42501";

/** Schema of a service, the name with `_` in place of `-`. @throws RangeError on a name that is not lower kebab-case */
export function schemaOf(service: string): string {
  if (!NAME.test(service)) throw new RangeError(`expected a service name in lower kebab-case, found ${JSON.stringify(service)}`);
  return service.replaceAll("-", "_");
}

/** Role that a running service takes: it reads and writes rows of its own schema, and reads views granted to it. */
export function runRole(service: string): string {
  return `tickfleet_${schemaOf(service.replaceAll("_", "-"))}`;
}

/** Role that owns a service's schema; migrations run as it. */
export function ownerRole(service: string): string {
  return `${runRole(service)}_owner`;
}

/**
 * Makes what a service's migrations need, as far as it is not there: the two roles, lent to the
 * connecting user, the schema, and the rights of the running role on everything the owner will make in it.
 * Safe to run by several processes at once.
 * @throws MissingRightsError with the statements for an administrator
 */
export async function ensureSchema(client: pg.ClientBase, service: string): Promise<void> {
  const schema = schemaOf(service);
  const owner = ownerRole(service);
  const run = runRole(service);
  await ensureRoles(client, [owner, run], (await detectEdition(client)) === "community" ? owner : null);
  const found = await client.query<{ owner: string }>("select pg_get_userbyid(nspowner) as owner from pg_namespace where nspname = $1", [
    schema,
  ]);
  if (found.rows.length === 0) {
    await administer(client, [`create schema if not exists "${schema}" authorization "${owner}"`]);
  } else if (found.rows[0]?.owner !== owner) {
    await administer(client, [`alter schema "${schema}" owner to "${owner}"`]);
  }
  await client.query(`set role "${owner}"`);
  try {
    for (const statement of schemaGrants(schema, owner, run)) await repeat(() => client.query(statement));
  } finally {
    await client.query("reset role");
  }
}

/**
 * Makes roles that are not there and lends them to the connecting user.
 * @param jobOwner the one of them that the server runs jobs as (columnstore and retention policies): TimescaleDB starts
 * them only for a role that may log in, and a limit of 0 connections keeps everybody from logging in as it
 * @throws MissingRightsError
 */
export async function ensureRoles(client: pg.ClientBase, roles: readonly string[], jobOwner: string | null = null): Promise<void> {
  const missing = async (): Promise<string[]> => {
    const found = await client.query<{ rolname: string; rolcanlogin: boolean; usable: boolean }>(
      `select rolname, rolcanlogin, pg_has_role(current_user, oid, ${await memberPrivilege(client)}) as usable from pg_roles where rolname = any($1)`,
      [roles],
    );
    return roles.flatMap((role) => {
      const row = found.rows.find((candidate) => candidate.rolname === role);
      const login = role === jobOwner ? "login connection limit 0" : "nologin";
      const make = row === undefined ? [`create role "${role}" ${login}`] : [];
      const change = role === jobOwner && row?.rolcanlogin === false ? [`alter role "${role}" ${login}`] : [];
      return [...make, ...change, ...(row?.usable ? [] : [`grant "${role}" to current_user`])];
    });
  };
  await repeat(async () => administer(client, await missing()));
}

/**
 * Statements that let another service read `pub_` views, and nothing else. For the owner of the views; the reader's roles must exist.
 * @throws RangeError on a view whose name does not start with `pub_`
 */
export function viewGrants(reader: string, views: readonly string[]): string[] {
  const role = runRole(reader);
  const statements = new Set<string>();
  for (const view of views) {
    const match = PUBLIC_VIEW.exec(view);
    if (match === null) throw new RangeError(`expected a view <schema>.pub_<name>, found ${JSON.stringify(view)}`);
    statements.add(`grant usage on schema "${match[1]}" to "${role}"`);
    statements.add(`grant select on "${match[1]}"."${match[2]}" to "${role}"`);
  }
  return [...statements];
}

function schemaGrants(schema: string, owner: string, run: string): string[] {
  const own = `alter default privileges for role "${owner}" in schema "${schema}"`;
  return [
    `grant usage on schema "${schema}" to "${run}"`,
    `grant select, insert, update, delete on all tables in schema "${schema}" to "${run}"`,
    `grant usage, select, update on all sequences in schema "${schema}" to "${run}"`,
    `${own} grant select, insert, update, delete on tables to "${run}"`,
    `${own} grant usage, select, update on sequences to "${run}"`,
  ];
}

/** Since PostgreSQL 16 a member of a role may be barred from taking it. */
async function memberPrivilege(client: pg.ClientBase): Promise<"'SET'" | "'MEMBER'"> {
  const version = await client.query<{ version: number }>("select current_setting('server_version_num')::int as version");
  return (version.rows[0]?.version ?? 0) >= 160_000 ? "'SET'" : "'MEMBER'";
}

async function administer(client: pg.ClientBase, statements: readonly string[]): Promise<void> {
  for (const statement of statements) {
    try {
      await client.query(statement);
    } catch (error) {
      if ((error as { code?: string }).code !== INSUFFICIENT_PRIVILEGE) throw error;
      const who = await client.query<{ name: string; database: string }>(
        "select quote_ident(session_user) as name, quote_ident(current_database()) as database",
      );
      const user = who.rows[0]?.name ?? "current_user";
      const commands = statements.map((one) => `  ${one.replace("current_user", user)};`).join("\n");
      const schemaHint = statement.includes("schema") ? `\n(or: grant create on database ${who.rows[0]?.database} to ${user};)` : "";
      throw new MissingRightsError(
        `database user ${user} may not prepare the schema (${(error as Error).message}). An administrator of the server has to run once:\n${commands}${schemaHint}`,
        { cause: error },
      );
    }
  }
}

async function repeat<T>(action: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action();
    } catch (error) {
      if (attempt === ATTEMPTS || !RACES.has((error as { code?: string }).code ?? "")) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * attempt));
    }
  }
}
