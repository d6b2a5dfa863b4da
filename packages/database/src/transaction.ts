import type { Pool, PoolClient } from "./pool.ts";

/**
 * Runs `act` in one transaction; null or false as its result rolls back, anything else commits, an error rolls back and is thrown.
 * A connection that cannot even roll back is not used again.
 */
export async function inTransaction<T>(pool: Pool, act: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await client.query("begin");
    const result = await act(client);
    await client.query(result === null || result === false ? "rollback" : "commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch((reason: Error) => {
      failure = reason;
    });
    throw error;
  } finally {
    client.release(failure);
  }
}
