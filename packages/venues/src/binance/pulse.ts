import { WebSocket } from "ws";
import type { VenueClock } from "./venue-clock.ts";

/** The clock speaks so long after each second of venue time, past the time that late trades have. */
const CLOCK_PHASE_MS = 300;

export interface PulseOptions {
  clock: VenueClock;
  livenessMs: number;
  /** Once a second, at a sign of life: nothing is promised for a time that nobody has seen. */
  onTime: (timeUs: number) => void;
  /** Called once when nothing came for `livenessMs`. */
  onDead: (why: string) => void;
}

export interface Pulse {
  start(): void;
  /** A frame came, of whatever kind, and was handled. */
  sign(): void;
  stop(): void;
}

/** Watches an open socket for signs of life, and lets its clock run only while there are some. */
export function createPulse(socket: WebSocket, options: PulseOptions): Pulse {
  const { clock, livenessMs, onTime } = options;
  let lastSignMs = 0;
  let isDue = false;
  let watchTimer: NodeJS.Timeout | undefined;
  let clockTimer: NodeJS.Timeout | undefined;

  function sign(): void {
    lastSignMs = Date.now();
    if (!isDue || clock.offsetUs() === null) return;
    isDue = false;
    onTime(clock.advance());
  }

  function watch(): void {
    const quietMs = Date.now() - lastSignMs;
    if (quietMs > livenessMs) {
      stop();
      options.onDead(`nothing came for ${Math.round(quietMs / 1000)} s`);
    }
  }

  function tick(): void {
    isDue = true;
    // The answer proves that everything up to it came.
    if (socket.readyState === WebSocket.OPEN) socket.ping();
    const phaseMs = (clock.now() / 1000) % 1000;
    clockTimer = setTimeout(tick, 1 + ((CLOCK_PHASE_MS - phaseMs + 1000) % 1000 || 1000));
  }

  function stop(): void {
    clearInterval(watchTimer);
    clearTimeout(clockTimer);
  }

  return {
    sign,
    stop,
    start() {
      sign();
      watchTimer = setInterval(watch, Math.min(500, livenessMs / 4));
      tick();
    },
  };
}
