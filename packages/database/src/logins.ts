import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { openPool } from "./pool.ts";
import { runRole } from "./roles.ts";

const ITERATIONS = 4_096;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** Other characters would have to be normalised as RFC 4013 says. */
const PRINTABLE = /^[\x21-\x7e]+$/;

/**
 * Lets the running role of a service log in with a password, so that its process needs nobody else's rights. The server gets the
 * verifier, never the password itself. The role must exist.
 * @param url of a user that may change roles
 * @throws RangeError on a password that is empty or not of printable ASCII characters
 */
export async function allowLogin(url: string, service: string, password: string): Promise<void> {
  if (!PRINTABLE.test(password)) throw new RangeError(`the password of ${service} must be of printable ASCII characters without spaces`);
  const pool = openPool(url, { max: 1, name: `login-${service}` });
  try {
    await pool.query(`alter role "${runRole(service)}" login password '${scramVerifier(password)}'`);
  } finally {
    await pool.end();
  }
}

/** What PostgreSQL stores of a password: https://www.rfc-editor.org/rfc/rfc5803 with the hash of RFC 7677. */
function scramVerifier(password: string): string {
  const salt = randomBytes(SALT_BYTES);
  const salted = pbkdf2Sync(password, salt, ITERATIONS, KEY_BYTES, "sha256");
  const key = (name: string): Buffer => createHmac("sha256", salted).update(name).digest();
  const storedKey = createHash("sha256").update(key("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString("base64")}$${storedKey}:${key("Server Key").toString("base64")}`;
}
