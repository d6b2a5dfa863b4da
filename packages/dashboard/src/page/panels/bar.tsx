import { formatNumber } from "../format.ts";

/** A share of 0..1 with its name, as a bar; a value that is not known says so. */
export function ShareBar({ name, value, note, title }: { name: string; value: number | null; note?: string | null; title?: string }) {
  return (
    <div class="bar" title={title}>
      <span class="name">{name}</span>
      <span class="track" aria-hidden="true">
        <span style={`width: ${Math.round((value ?? 0) * 100)}%`} />
      </span>
      <span class="value">{value === null ? "not known" : `${formatNumber(value, 2)}${note ? ` ${note}` : ""}`}</span>
    </div>
  );
}

/** A value of -1..1 as a bar from the middle. */
export function BalanceBar({ name, value, title }: { name: string; value: number; title?: string }) {
  const size = Math.min(50, Math.round(Math.abs(value) * 50));
  const left = value < 0 ? 50 - size : 50;
  return (
    <div class="bar balance" title={title}>
      <span class="name">{name}</span>
      <span class="track" aria-hidden="true">
        <span class={value >= 0 ? "up" : "down"} style={`left: ${left}%; width: ${size}%`} />
      </span>
      <span class={`value ${value >= 0 ? "up" : "down"}`}>{`${value >= 0 ? "+" : "−"}${formatNumber(Math.abs(value), 2)}`}</span>
    </div>
  );
}
