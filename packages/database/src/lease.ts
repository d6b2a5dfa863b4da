import type { Queryable } from "./pool.ts";

/**
 * Takes a lease that is free, expired or already this owner's; returns its epoch, or null while
 * another holds it. The epoch grows with every new holder. Times are the database's.
 */
export async function takeLease(database: Queryable, schema: string, name: string, owner: string, ttlMs: number): Promise<number | null> {
  const { rows } = await database.query<{ epoch: number }>(
    `insert into ${schema}.leases as held (name, owner, epoch, expires) values ($1, $2, 1, now() + $3 * interval '1 ms')
     on conflict (name) do update set owner = excluded.owner, expires = excluded.expires,
       epoch = held.epoch + case when held.owner = excluded.owner then 0 else 1 end
     where held.owner = excluded.owner or held.expires < now()
     returning epoch`,
    [name, owner, ttlMs],
  );
  return rows[0]?.epoch ?? null;
}

/** Prolongs a lease; false where it is no longer this owner's at this epoch. */
export async function renewLease(
  database: Queryable,
  schema: string,
  name: string,
  owner: string,
  epoch: number,
  ttlMs: number,
): Promise<boolean> {
  const { rowCount } = await database.query(
    `update ${schema}.leases set expires = now() + $4 * interval '1 ms' where name = $1 and owner = $2 and epoch = $3`,
    [name, owner, epoch, ttlMs],
  );
  return rowCount === 1;
}

/** Gives a lease back, so that the next owner need not wait for its end. */
export async function releaseLease(database: Queryable, schema: string, name: string, owner: string, epoch: number): Promise<void> {
  await database.query(`update ${schema}.leases set expires = '-infinity' where name = $1 and owner = $2 and epoch = $3`, [
    name,
    owner,
    epoch,
  ]);
}
