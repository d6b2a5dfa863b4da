import { formatCandleTime, formatNumber, formatPercent, formatQuantity } from "../format.ts";
import { INDICATOR_GROUPS } from "../indicator-groups.ts";
import { lastCandle, lastIndicators, nowMs, pointed, priceDecimals } from "../store.ts";
import { view } from "../view.ts";

/** Values of the candle under the pointer, else of the newest. */
export function Legend() {
  const candle = pointed.value?.candle ?? lastCandle.value;
  if (candle === null) return null;
  const indicators = pointed.value === null ? lastIndicators.value : pointed.value.indicators;
  const decimals = priceDecimals.value;
  const change = candle.open && candle.close !== null ? (candle.close / candle.open - 1) * 100 : null;
  const direction = change === null ? "" : change >= 0 ? "up" : "down";
  const { shown, timeframe } = view.value;
  const lines = INDICATOR_GROUPS.filter((group) => shown.has(group.name)).flatMap((group) =>
    group.lines.filter((line) => !line.isHistogram),
  );
  return (
    <div class="legend">
      <div>
        <span class="time">{formatCandleTime(candle.openTime, timeframe, nowMs.peek())}</span>
        <Value name="O" text={formatNumber(candle.open, decimals)} kind={direction} />
        <Value name="H" text={formatNumber(candle.high, decimals)} kind={direction} />
        <Value name="L" text={formatNumber(candle.low, decimals)} kind={direction} />
        <Value name="C" text={formatNumber(candle.close, decimals)} kind={direction} />
        <span class={direction}>{formatPercent(change)}</span>
        <Value name="Vol" text={formatQuantity(candle.volumeBase)} />
        <Value name="Δ" text={formatQuantity(candle.vd)} kind={candle.vd >= 0 ? "up" : "down"} title="Bought less sold" />
        {candle.state === "revised" && <span class="badge">revised</span>}
        {candle.completeness !== "full" && candle.state !== "forming" && <span class="badge">{candle.completeness}</span>}
      </div>
      {lines.length > 0 && (
        <div class="indicators">
          {lines.map((line) => (
            <span key={line.column} style={`color: var(--${line.color})`}>
              {line.label} <b>{formatNumber(indicators?.[line.column] ?? null, line.column === "rsi14" ? 1 : decimals)}</b>
            </span>
          ))}
        </div>
      )}
    </div>
  );
}

function Value({ name, text, kind = "", title }: { name: string; text: string; kind?: string; title?: string }) {
  return (
    <span title={title}>
      {name} <b class={kind}>{text}</b>
    </span>
  );
}
