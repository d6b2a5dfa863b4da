/** A text as the table holds it. */
export interface StoredText {
  source: string;
  kind: string;
  /** Epoch milliseconds. */
  published: number;
  score: number | null;
  confidence: number;
  likes: number;
  shares: number;
  assets: readonly string[];
  hash: string;
}

const HOUR = 3_600_000;

/** The formula of sentiment once more, written for reading: one document after the other, nothing shared with the service. */
export function plainSentiment(
  texts: readonly StoredText[],
  asset: string,
  now: number,
): { value: number; confidence: number; documents: number } | null {
  const taken: { x: number; u: number; kind: string }[] = [];
  const counted: { hash: string; at: number }[] = [];
  for (const text of [...texts].sort((a, b) => a.published - b.published)) {
    // a repeat within a day of the one that counted does not count, whatever it is about
    if (counted.some(({ hash, at }) => hash === text.hash && text.published - at < 24 * HOUR)) continue;
    counted.push({ hash: text.hash, at: text.published });
    if (text.score === null || text.confidence < 0.3 || !text.assets.includes(asset) || text.published > now) continue;
    const w = text.kind === "news" ? 0.4 : 0.2;
    const h = text.kind === "news" ? 6 * HOUR : 3 * HOUR;
    if (now - text.published > 8 * h) continue;
    const g = Math.min(5, 1 + Math.log(1 + text.likes + text.shares));
    taken.push({ x: text.score, u: w * text.confidence * g * 0.5 ** ((now - text.published) / h), kind: text.kind });
  }
  if (taken.length === 0) return null;
  let sumU = 0;
  let sumUx = 0;
  let sumUu = 0;
  let sumX = 0;
  for (const { x, u } of taken) {
    sumU += u;
    sumUx += u * x;
    sumUu += u * u;
    sumX += x;
  }
  const mean = sumX / taken.length;
  let squares = 0;
  for (const { x } of taken) squares += (x - mean) * (x - mean);
  const present = (taken.some(({ kind }) => kind === "news") ? 0.4 : 0) + (taken.some(({ kind }) => kind === "reddit") ? 0.2 : 0);
  const effective = (sumU * sumU) / sumUu;
  const confidence = (1 - Math.exp(-effective / 20)) * (1 - Math.sqrt(squares / taken.length)) * present;
  return { value: sumUx / sumU, confidence, documents: taken.length };
}
