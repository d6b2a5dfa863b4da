import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import { formatNumber, formatPercent, formatQuantity } from "../format.ts";
import { daySummary, lastCandle, priceDecimals } from "../store.ts";
import { changeView, view } from "../view.ts";
import { ConnectionBadge } from "./connection-badge.tsx";
import { IndicatorMenu } from "./indicator-menu.tsx";
import { InstrumentPicker } from "./instrument-picker.tsx";

/** Name, instrument, price and the choices of the chart. */
export function TopBar() {
  return (
    <header>
      <h1>
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <path d="M3.5 2v12M8 1v12M12.5 4v11" stroke="currentColor" stroke-width="1" />
          <path d="M2 5h3v5H2zM6.5 3h3v6h-3zM11 6.5h3v6h-3z" fill="currentColor" />
        </svg>
        Tickfleet
      </h1>
      <InstrumentPicker />
      <Price />
      <fieldset class="timeframes" aria-label="Timeframe">
        {TIMEFRAMES.map((timeframe, i) => (
          <button
            key={timeframe}
            type="button"
            aria-pressed={view.value.timeframe === timeframe}
            title={`Key ${i + 1}`}
            onClick={() => changeView({ timeframe })}
          >
            {timeframe}
          </button>
        ))}
      </fieldset>
      <IndicatorMenu />
      <ConnectionBadge />
    </header>
  );
}

/** The last price, and the day behind it. */
function Price() {
  const candle = lastCandle.value;
  const price = candle?.close ?? candle?.lastClose ?? null;
  if (candle === null || price === null) return <div class="price" />;
  const decimals = priceDecimals.value;
  const day = daySummary.value;
  const change = day?.open ? (price / day.open - 1) * 100 : null;
  const direction = change === null ? "" : change >= 0 ? "up" : "down";
  return (
    <div class="price">
      <output class={direction} aria-label="Last price">
        {formatNumber(price, decimals)}
      </output>
      <span class={direction} title="Against the price 24 hours ago">
        {formatPercent(change)}
      </span>
      {day !== null && day.open !== null && (
        <dl class="day">
          <div>
            <dt>24h high</dt>
            <dd>{formatNumber(day.high === null ? null : Math.max(day.high, price), decimals)}</dd>
          </div>
          <div>
            <dt>24h low</dt>
            <dd>{formatNumber(day.low === null ? null : Math.min(day.low, price), decimals)}</dd>
          </div>
          <div>
            <dt>24h volume</dt>
            <dd>{formatQuantity(day.volumeQuote)}</dd>
          </div>
        </dl>
      )}
    </div>
  );
}
