/** Colours of the page's style sheet that the chart needs, as the present scheme has them. */
export interface Theme {
  ground: string;
  text: string;
  quiet: string;
  line: string;
  grid: string;
  up: string;
  down: string;
  accent: string;
  line1: string;
  line2: string;
  line3: string;
  line4: string;
}

const NAMES = [
  "ground",
  "text",
  "quiet",
  "line",
  "grid",
  "up",
  "down",
  "accent",
  "line1",
  "line2",
  "line3",
  "line4",
] as const satisfies readonly (keyof Theme)[];

/** Reads the colours, and again whenever the system changes between dark and light. */
export function watchTheme(onTheme: (theme: Theme) => void): void {
  const read = (): void => {
    const style = getComputedStyle(document.documentElement);
    onTheme(Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as unknown as Theme);
  };
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", read);
  read();
}
