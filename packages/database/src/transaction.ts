import type { Pool, PoolClient } from "./pool.ts";

/**
 * Runs `act` in one transaction; null or false as its result rolls back, anything else commits, an error rolls back and is thrown.
 * A connection that cannot even roll back is not used again.
 */
export async function inTransaction<T>(pool: Pool, act: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let result: T;
  try {
    await client.query("begin");
    result = await act(client);
    await client.query(result === null || result === false ? "rollback" : "commit");
  } catch (error) {
    await rollBackAndRelease(client);
    throw error;
  }
  client.release();
  return result;
}

/** Rolls back and gives a connection back to its pool, which drops one that cannot even roll back. Never throws. */
export async function rollBackAndRelease(client: PoolClient): Promise<void> {
  let failure: Error | undefined;
  await client.query("rollback").catch((error: Error) => {
    failure = error;
  });
  client.release(failure);
}
