import { useEffect, useRef } from "preact/hooks";
import { formatCandleTime, formatLevel, formatNumber, formatPattern, formatPercent, formatQuantity } from "../format.ts";
import type { SignalRow } from "../rows.ts";
import { explanation, type LookedAt, nowMs, pickedSignal, priceDecimals } from "../store.ts";
import { changeView, view } from "../view.ts";
import { BalanceBar, ShareBar } from "./bar.tsx";

const FACTORS: readonly (readonly [keyof SignalRow["factors"], string, string])[] = [
  ["trend", "Trend", "How well the direction fits the trend"],
  ["volume", "Volume", "Volume of the candle against its mean"],
  ["convergence", "Convergence", "Timeframes that say the same"],
  ["context", "Context", "Sentiment and funding"],
  ["history", "History", "How alike signals ended"],
];

const SHOWN_CANDLES = 10;

/** Why a signal is what it is: the sentence, the grades, the factors, the candles. */
export function ExplainPanel({ onClose }: { onClose(): void }) {
  const row = pickedSignal.value as SignalRow;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), [row.id]);
  const kind = row.direction > 0 ? "up" : row.direction < 0 ? "down" : "";
  return (
    <section class="explain" aria-label="Explanation">
      <div class="head">
        <h2 ref={heading} tabIndex={-1}>
          <span class={`level ${kind}`}>
            <span aria-hidden="true">{row.direction > 0 ? "▲" : row.direction < 0 ? "▼" : "■"}</span> {formatLevel(row.level)}
          </span>
          <small>
            {row.instrument} {row.timeframe} · {formatCandleTime(row.openTime, row.timeframe, nowMs.peek())}
          </small>
        </h2>
        <button type="button" class="close" aria-label="Close the explanation" title="Escape" onClick={onClose}>
          ×
        </button>
      </div>
      <p class="summary">{row.summary}</p>
      {row.timeframe !== view.value.timeframe && (
        <button type="button" class="switch" onClick={() => changeView({ timeframe: row.timeframe })}>
          Show on the {row.timeframe} chart
        </button>
      )}
      <BalanceBar name="Score" value={row.score} />
      <ShareBar
        name="Confidence"
        value={row.weightedConfidence}
        note={row.band?.replaceAll("_", " ") ?? null}
        title={`From ${formatNumber(row.coverage * 100, 0)} % of what it can rest on`}
      />
      {row.boostedConfidence !== null && <ShareBar name="Boosted" value={row.boostedConfidence} note={row.tier} />}
      <ShareBar name="Reliability" value={row.reliability} />
      <ShareBar name="Data quality" value={row.dataQuality} title={`The candle is ${row.completeness}`} />
      <Factors row={row} />
      <Patterns row={row} />
      <Context row={row} />
      <Reasons row={row} />
      <Candles judged={row.openTime} />
      <Verdict row={row} />
    </section>
  );
}

/** What the confidence is made of, each with its weight and what was found. */
function Factors({ row }: { row: SignalRow }) {
  const part = explanation.value;
  const told = part.state === "ready" ? part.value.factors : [];
  return (
    <>
      <h3>Factors</h3>
      {FACTORS.map(([name, label, title]) => {
        const factor = told.find((one) => one.name === name);
        const weight = factor === undefined ? "" : ` (weight ${formatNumber(factor.weight, 2)})`;
        return (
          <div key={name} class="factor">
            <ShareBar name={label} value={row.factors[name]} title={`${title}${weight}`} />
            {factor !== undefined && <p class="words">{factor.words}</p>}
          </div>
        );
      })}
    </>
  );
}

function Patterns({ row }: { row: SignalRow }) {
  if (row.patterns.length === 0) return null;
  return (
    <>
      <h3>Patterns</h3>
      <ul class="patterns">
        {row.patterns.map((pattern) => (
          <li key={`${pattern.kind}|${pattern.value}`} class={pattern.overridden ? "overridden" : ""}>
            <span class={pattern.direction > 0 ? "up" : pattern.direction < 0 ? "down" : ""} aria-hidden="true">
              {pattern.direction > 0 ? "▲" : pattern.direction < 0 ? "▼" : "■"}
            </span>
            {formatPattern(pattern.kind)}
            <span class="value">{pattern.overridden ? "overridden" : formatNumber(pattern.weightedConfidence, 2)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** What stood beside the trades when it was made, frozen in it. */
function Context({ row }: { row: SignalRow }) {
  const { sentiment, futures } = row;
  if (sentiment === null && futures === null) return null;
  return (
    <>
      <h3>Context at that time</h3>
      {sentiment !== null && <BalanceBar name="Sentiment" value={sentiment.value} title={`${sentiment.asset}, ${sentiment.provider}`} />}
      {futures !== null && (
        <p class="detail">
          Funding {formatPercent(futures.fundingApr, 1)} a year ({futures.instrument} at {futures.venue})
        </p>
      )}
    </>
  );
}

function Reasons({ row }: { row: SignalRow }) {
  if (row.reasons.length === 0) return null;
  return (
    <>
      <h3>Also</h3>
      <p class="detail">{row.reasons.map((reason) => reason.replaceAll(/[_-]/g, " ")).join(", ")}</p>
    </>
  );
}

/** The candles that it looked at, the judged one marked. */
function Candles({ judged }: { judged: number }) {
  const part = explanation.value;
  if (part.state !== "ready" || part.value.candles.length === 0) return null;
  const decimals = priceDecimals.value;
  const { timeframe } = pickedSignal.value as SignalRow;
  const shown = part.value.candles.slice(-SHOWN_CANDLES);
  const before = part.value.candles.length - shown.length;
  const line = (candle: LookedAt) => (
    <tr key={candle.openTime} class={candle.openTime === judged ? "judged" : ""}>
      <td>{formatCandleTime(candle.openTime, timeframe, nowMs.peek()).split(", ").at(-1)}</td>
      <td>{formatNumber(candle.open, decimals)}</td>
      <td>{formatNumber(candle.high, decimals)}</td>
      <td>{formatNumber(candle.low, decimals)}</td>
      <td class={(candle.close ?? 0) >= (candle.open ?? 0) ? "up" : "down"}>{formatNumber(candle.close, decimals)}</td>
      <td>{formatQuantity(candle.volumeBase)}</td>
    </tr>
  );
  return (
    <>
      <h3>Candles it looked at{before > 0 ? `, the last ${SHOWN_CANDLES} of ${part.value.candles.length}` : ""}</h3>
      <div class="table">
        <table>
          <thead>
            <tr>
              {["UTC", "Open", "High", "Low", "Close", "Vol"].map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{shown.map(line)}</tbody>
        </table>
      </div>
    </>
  );
}

/** Whether it can be trusted, and for how long. */
function Verdict({ row }: { row: SignalRow }) {
  const part = explanation.value;
  return (
    <div class="detail verdict">
      {part.state === "absent" && <p>{part.reason}</p>}
      {part.state === "ready" && <p>{part.value.conclusion}</p>}
      {part.state === "ready" && (
        <p class={part.value.same ? "up" : "down"}>
          {part.value.same
            ? "✓ Recomputed from what was recorded: the same, byte for byte."
            : "✗ Recomputed from what was recorded: not the same."}
        </p>
      )}
      <p>
        Valid until {formatCandleTime(row.validUntil, "1m", nowMs.peek())}
        {row.validUntil < nowMs.value ? " (over)" : ""} ·{" "}
        <a href={`/api/v1/signals/${encodeURIComponent(row.id)}/explain`} target="_blank" rel="noreferrer">
          as JSON
        </a>
      </p>
    </div>
  );
}
