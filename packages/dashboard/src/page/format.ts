const DAILY: readonly string[] = ["1d", "1w"];
/** Numbers and times look alike for everybody; a browser's own locale may be one that `Intl` does not know. */
const LOCALE = "en-GB";
const UNITS: readonly (readonly [number, string])[] = [
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "K"],
];
const MISSING = "–";

/** A number with so many decimals, grouped. */
export function formatNumber(value: number | null | undefined, decimals: number): string {
  if (value === null || value === undefined) return MISSING;
  return value.toLocaleString(LOCALE, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** A quantity in few characters: `1.24K`, `38.1M`; below a thousand four significant digits. */
export function formatQuantity(value: number | null | undefined): string {
  if (value === null || value === undefined) return MISSING;
  const size = Math.abs(value);
  const [divisor, unit] = UNITS.find(([least]) => size >= least) ?? [1, ""];
  return `${(value / divisor).toLocaleString(LOCALE, { maximumSignificantDigits: unit === "" ? 4 : 3 })}${unit}`;
}

/** `+1.24 %`, with a sign always. */
export function formatPercent(value: number | null | undefined, decimals = 2): string {
  if (value === null || value === undefined) return MISSING;
  return `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(decimals)} %`;
}

/** Such as `27 Nov 14:05`, in UTC; days have no hour, and other years are named. */
export function formatCandleTime(timeMs: number, timeframe: string, nowMs: number): string {
  const year = new Date(timeMs).getUTCFullYear() === new Date(nowMs).getUTCFullYear() ? {} : { year: "numeric" as const };
  const hours = DAILY.includes(timeframe) ? {} : { hour: "2-digit" as const, minute: "2-digit" as const };
  return new Date(timeMs).toLocaleString(LOCALE, { timeZone: "UTC", day: "numeric", month: "short", ...year, ...hours });
}

/** How long ago in one unit: `4 s`, `12 min`, `3 h`, `2 d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** `CDLENGULFING` as a person says it: `engulfing`. */
export function formatPattern(kind: string): string {
  const name = kind.startsWith("CDL") ? kind.slice(3) : kind;
  return (PATTERN_WORDS[name] ?? name.toLowerCase()).replaceAll("_", " ");
}

export function formatLevel(level: string): string {
  return level.replaceAll("_", " ");
}

export function hasHours(timeframe: string): boolean {
  return !DAILY.includes(timeframe);
}

/** Names that TA-Lib writes as one word. */
const PATTERN_WORDS: Readonly<Record<string, string>> = {
  "2CROWS": "two crows",
  "3BLACKCROWS": "three black crows",
  "3INSIDE": "three inside",
  "3LINESTRIKE": "three-line strike",
  "3OUTSIDE": "three outside",
  "3STARSINSOUTH": "three stars in the south",
  "3WHITESOLDIERS": "three white soldiers",
  ABANDONEDBABY: "abandoned baby",
  ADVANCEBLOCK: "advance block",
  BELTHOLD: "belt hold",
  BREAKAWAY: "breakaway",
  CLOSINGMARUBOZU: "closing marubozu",
  CONCEALBABYSWALL: "concealing baby swallow",
  COUNTERATTACK: "counterattack",
  DARKCLOUDCOVER: "dark cloud cover",
  DOJI: "doji",
  DOJISTAR: "doji star",
  DRAGONFLYDOJI: "dragonfly doji",
  ENGULFING: "engulfing",
  EVENINGDOJISTAR: "evening doji star",
  EVENINGSTAR: "evening star",
  GAPSIDESIDEWHITE: "gap side-by-side white",
  GRAVESTONEDOJI: "gravestone doji",
  HAMMER: "hammer",
  HANGINGMAN: "hanging man",
  HARAMI: "harami",
  HARAMICROSS: "harami cross",
  HIGHWAVE: "high wave",
  HIKKAKE: "hikkake",
  HIKKAKEMOD: "modified hikkake",
  HOMINGPIGEON: "homing pigeon",
  IDENTICAL3CROWS: "identical three crows",
  INNECK: "in neck",
  INVERTEDHAMMER: "inverted hammer",
  KICKING: "kicking",
  KICKINGBYLENGTH: "kicking by length",
  LADDERBOTTOM: "ladder bottom",
  LONGLEGGEDDOJI: "long-legged doji",
  LONGLINE: "long line",
  MARUBOZU: "marubozu",
  MATCHINGLOW: "matching low",
  MATHOLD: "mat hold",
  MORNINGDOJISTAR: "morning doji star",
  MORNINGSTAR: "morning star",
  ONNECK: "on neck",
  PIERCING: "piercing",
  RICKSHAWMAN: "rickshaw man",
  RISEFALL3METHODS: "rising or falling three methods",
  SEPARATINGLINES: "separating lines",
  SHOOTINGSTAR: "shooting star",
  SHORTLINE: "short line",
  SPINNINGTOP: "spinning top",
  STALLEDPATTERN: "stalled pattern",
  STICKSANDWICH: "stick sandwich",
  TAKURI: "takuri",
  TASUKIGAP: "tasuki gap",
  THRUSTING: "thrusting",
  TRISTAR: "tristar",
  UNIQUE3RIVER: "unique three river",
  UPSIDEGAP2CROWS: "upside gap two crows",
  XSIDEGAP3METHODS: "up- or downside gap three methods",
};
