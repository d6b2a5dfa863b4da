import { formatAge, formatNumber, formatPercent, formatQuantity } from "../format.ts";
import { futuresOf, nowMs, sentimentOf } from "../store.ts";
import { BalanceBar } from "./bar.tsx";

/** Sentiment, funding and open interest, as far as they are there. */
export function ContextPanel() {
  return (
    <section class="context" aria-label="Context">
      <h2>Context</h2>
      <Sentiment />
      <Funding />
    </section>
  );
}

function Sentiment() {
  const part = sentimentOf.value;
  if (part.state === "loading") return <p class="empty">Loading</p>;
  if (part.state === "absent") return <p class="empty">{part.reason}</p>;
  const row = part.value;
  if (row === null) return <p class="empty">No sentiment yet: it comes with the first news or posts about this asset.</p>;
  if (row.value === null) return <p class="empty">{`Sentiment is not known: ${row.reason ?? "no source says anything"}.`}</p>;
  const texts = row.provider === "demo" ? "invented texts" : "texts";
  const words = `${row.documents} ${texts} (${row.sources.map((source) => source.name).join(", ")})`;
  return (
    <div class="entry">
      <BalanceBar name="Sentiment" value={row.value} title={words} />
      <p class="detail">
        {words}, {formatAge(nowMs.value - row.time)} old, confidence {formatNumber(row.confidence, 2)}
      </p>
    </div>
  );
}

function Funding() {
  const part = futuresOf.value;
  if (part.state === "loading") return null;
  if (part.state === "absent") return <p class="empty">{part.reason}</p>;
  const row = part.value;
  if (row === null) return <p class="empty">No perpetual contract is known of this asset.</p>;
  const rate = row.fundingRate === null ? null : row.fundingRate * 100;
  return (
    <dl class="figures">
      <div>
        <dt title={`${row.instrument} at ${row.venue}`}>Funding</dt>
        <dd class={rate === null ? "" : rate >= 0 ? "up" : "down"}>{formatPercent(rate, 4)}</dd>
      </div>
      <div>
        <dt>a year</dt>
        <dd>{formatPercent(row.fundingApr, 1)}</dd>
      </div>
      <div>
        <dt>Open interest</dt>
        <dd>{formatQuantity(row.openInterestNotional ?? row.openInterest)}</dd>
      </div>
      <div>
        <dt title="Mark price against index price">Basis</dt>
        <dd>{row.basisBps === null ? "–" : `${formatNumber(row.basisBps, 1)} bps`}</dd>
      </div>
    </dl>
  );
}
