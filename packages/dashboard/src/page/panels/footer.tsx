import { formatAge } from "../format.ts";
import { lastUpdateMs, nowMs } from "../store.ts";

/** The clock, the age of what is shown, and the way to the rest. */
export function Footer() {
  const clock = new Date(nowMs.value).toISOString().slice(11, 19);
  const age = lastUpdateMs.value === null ? "no update yet" : `last update ${formatAge(nowMs.value - lastUpdateMs.value)} ago`;
  return (
    <footer>
      <span class="clock">{clock} UTC</span>
      <span>{age}</span>
      <nav aria-label="More">
        <a href="/docs">API</a>
        <a href="/api/v1/latency">Latency</a>
        <a href="/api/v1/health">Health</a>
      </nav>
      <span class="notice-of-charts">
        <a href="https://www.tradingview.com/" rel="noopener">
          TradingView
        </a>{" "}
        Lightweight Charts™ © 2025 TradingView, Inc. <a href="/licenses">Licences</a>
      </span>
    </footer>
  );
}
