import { formatAge, formatCandleTime } from "../format.ts";
import { connection, lastCandle, lastUpdateMs, nowMs } from "../store.ts";
import { view } from "../view.ts";

const LATE_AFTER_MS = 60_000;
const QUIET_AFTER_MS = 15_000;

/** Whether what is shown is the present; where it is not, why. */
export function ConnectionBadge() {
  const { state, text, title } = describeConnection();
  return (
    <div class="connection" data-state={state} role="status" title={title}>
      <span class="dot" aria-hidden="true" />
      {text}
    </div>
  );
}

function describeConnection(): { state: "live" | "waiting" | "offline"; text: string; title: string } {
  const link = connection.value;
  if (link.state === "connecting") return { state: "waiting", text: "connecting", title: "Opening the stream of the gateway" };
  if (link.state === "offline") {
    const reason = link.reason === "" ? "The gateway does not answer" : link.reason;
    return { state: "offline", text: "offline, trying again", title: `${reason}. What is missed meanwhile comes after the reconnect.` };
  }
  const candle = lastCandle.value;
  if (candle === null) return { state: "waiting", text: "connected", title: "No candle yet" };
  // live is only what reaches the present: a replay, a source that catches up and a closed market say where they stand
  if (candle.closeTime + LATE_AFTER_MS <= nowMs.value) {
    const at = formatCandleTime(candle.openTime, view.value.timeframe, nowMs.value);
    return { state: "waiting", text: `at ${at}`, title: "Connected; the newest candle is not of the present" };
  }
  const age = lastUpdateMs.value === null ? null : nowMs.value - lastUpdateMs.value;
  if (age !== null && age > QUIET_AFTER_MS)
    return { state: "live", text: `quiet for ${formatAge(age)}`, title: "Connected; no trades come" };
  return { state: "live", text: "live", title: "Connected; candles come as trades happen" };
}
