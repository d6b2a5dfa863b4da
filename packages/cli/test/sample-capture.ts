const START_MS = Date.UTC(2024, 1, 28, 23, 57, 30, 417);

/** Lines of a spot capture over midnight, made by arithmetic: 900 trades with quotes, some minutes quiet. */
export function sampleCapture(symbol: string): string[] {
  const lines: string[] = [];
  let state = 12345;
  const next = (below: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
  let timeMs = START_MS;
  let cents = 250_000;
  const stream = symbol.toLowerCase();
  const write = (channel: string, data: object): void => {
    lines.push(`${timeMs - 1270}${String(next(1_000_000)).padStart(6, "0")} ${JSON.stringify({ stream: `${stream}@${channel}`, data })}`);
  };
  const decimal = (value: number, digits: number): string => (value / 10 ** digits).toFixed(8);
  for (let i = 0; i < 900; i++) {
    timeMs += i % 150 === 149 ? 65_000 : next(250);
    cents += next(41) - 20;
    const spread = 1 + next(5);
    const sizes = { B: decimal(1 + next(90_000), 4), A: decimal(1 + next(90_000), 4) };
    if (i % 3 === 0) write("bookTicker", { u: i + 1, s: symbol, b: decimal(cents, 2), a: decimal(cents + spread, 2), ...sizes });
    const isSell = next(2) === 0;
    const p = decimal(isSell ? cents : cents + spread, 2);
    write("trade", {
      e: "trade",
      E: timeMs + 1,
      s: symbol,
      t: 1000 + i,
      p,
      q: decimal(1 + next(50_000), 4),
      T: timeMs,
      m: isSell,
      M: true,
    });
  }
  return lines;
}
