import { createHash } from "node:crypto";

/** Hash of a name that is too long. */
export function hashName(name: string): string {
  return createHash("sha256").update(name).digest("hex");
}

/** Hash of what a text says: small letters and digits of title and description, without addresses, spaces and marks. */
export function hashText(title: string, description: string): string {
  const plain = `${title} ${description}`
    .normalize("NFKC")
    .toLowerCase()
    .replace(/https?:\/\/\S+/g, " ")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
  return createHash("sha256").update(plain).digest("hex");
}
