import { formatAge, formatLevel, formatNumber, formatPattern } from "../format.ts";
import type { SignalRow } from "../rows.ts";
import { latestSignals, nowMs, pickedSignal, priceDecimals } from "../store.ts";

const SHOWN = 60;

/** The latest signals of the instrument; each opens its explanation. */
export function SignalList({ onPick }: { onPick(id: string): void }) {
  return (
    <section class="signals" aria-label="Latest signals">
      <h2>Signals</h2>
      <SignalRows onPick={onPick} />
    </section>
  );
}

function SignalRows({ onPick }: { onPick(id: string): void }) {
  const part = latestSignals.value;
  if (part.state === "loading") return <p class="empty">Loading</p>;
  if (part.state === "absent") return <p class="empty">{part.reason}</p>;
  const rows = part.value.filter((row) => row.state === "active" && row.direction !== 0).slice(0, SHOWN);
  if (rows.length === 0) return <p class="empty">None yet. One comes when a pattern, the trend and the volume agree on a closed candle.</p>;
  return (
    <ul>
      {rows.map((row) => (
        <li key={row.id}>
          <button type="button" aria-pressed={pickedSignal.value?.id === row.id} onClick={() => onPick(row.id)}>
            <SignalLine row={row} />
          </button>
        </li>
      ))}
    </ul>
  );
}

function SignalLine({ row }: { row: SignalRow }) {
  const kind = row.direction > 0 ? "up" : "down";
  return (
    <>
      <span class={`level ${kind}`}>
        <span aria-hidden="true">{row.direction > 0 ? "▲" : "▼"}</span> {formatLevel(row.level)}
      </span>
      <span class="confidence" title="Weighted confidence">
        {formatNumber(row.weightedConfidence, 2)}
      </span>
      <span class="what">
        {row.timeframe} · {formatPattern(row.lead)}
      </span>
      <span class="price">{formatNumber(row.price, priceDecimals.value)}</span>
      <time dateTime={new Date(row.closeTime).toISOString()}>{formatAge(nowMs.value - row.closeTime)}</time>
    </>
  );
}
