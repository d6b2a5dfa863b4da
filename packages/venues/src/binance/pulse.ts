import { WebSocket } from "ws";
import type { VenueClock } from "./venue-clock.ts";

/** The clock speaks so long after each second of venue time, past the time that late trades have. */
const CLOCK_PHASE_MS = 300;

/** After so many pings without an answer the venue answers none: then any frame that comes later proves the time of a ping. */
const UNANSWERED = 5;

export interface PulseOptions {
  clock: VenueClock;
  livenessMs: number;
  /** Once a second: everything up to this venue time came. Nothing is promised for a time that nobody has seen. */
  onTime: (timeUs: number) => void;
  /** Called once when nothing came for `livenessMs`. */
  onDead: (why: string) => void;
}

export interface Pulse {
  start(): void;
  /** A frame came, of whatever kind. */
  sign(): void;
  /** The answer to a ping came, with what the ping carried. */
  pong(data: string): void;
  stop(): void;
}

/** Watches an open socket for signs of life, and lets its clock run only while there are some. */
export function createPulse(socket: WebSocket, options: PulseOptions): Pulse {
  const { clock, livenessMs, onTime } = options;
  let lastSignMs = 0;
  /** When the last ping went out: epoch microseconds of the venue (0 where not known), which it carries, and local milliseconds. */
  let pingedUs = 0;
  let pingedMs = 0;
  let unanswered = 0;
  let watchTimer: NodeJS.Timeout | undefined;
  let clockTimer: NodeJS.Timeout | undefined;

  function sign(): void {
    lastSignMs = Date.now();
  }

  function pong(data: string): void {
    sign();
    unanswered = 0;
    const timeUs = Number(data);
    // It was sent after the ping came there, and everything sent before it is here.
    if (timeUs > 0 && timeUs <= pingedUs) onTime(clock.advance(timeUs));
  }

  function watch(): void {
    const quietMs = Date.now() - lastSignMs;
    if (quietMs > livenessMs) {
      stop();
      options.onDead(`nothing came for ${Math.round(quietMs / 1000)} s`);
    }
  }

  function tick(): void {
    if (unanswered > UNANSWERED && pingedUs > 0 && lastSignMs > pingedMs) onTime(clock.advance(pingedUs));
    if (socket.readyState === WebSocket.OPEN) {
      pingedUs = clock.offsetUs() === null ? 0 : Math.round(clock.now());
      pingedMs = Date.now();
      unanswered += 1;
      socket.ping(String(pingedUs));
    }
    const phaseMs = (clock.now() / 1000) % 1000;
    clockTimer = setTimeout(tick, 1 + ((CLOCK_PHASE_MS - phaseMs + 1000) % 1000 || 1000));
  }

  function stop(): void {
    clearInterval(watchTimer);
    clearTimeout(clockTimer);
  }

  return {
    sign,
    pong,
    stop,
    start() {
      sign();
      watchTimer = setInterval(watch, Math.min(500, livenessMs / 4));
      tick();
    },
  };
}
