export type ConnectionLife = "new" | "live" | "down" | "ended";

const SECOND_US = 1_000_000;
/** A script's clock goes over a longer stretch in steps of this: what closes on one message is bounded. */
const LONGEST_STEP_SECONDS = 6 * 3_600;

export interface ConnectionClockOptions {
  /** Whether a long stretch is told in steps: for scripts, whose time may leap over months. */
  stepped: boolean;
  /** Sends the clock as it stands. */
  tell: () => void;
  /** Called before the steps of a leap: what is known to be missing must be told before its minutes close. */
  onLeap: (aimUs: number) => void;
}

/** One connection's clock: its greatest venue time, and the whole second that was told last. */
export class ConnectionClock {
  readonly #options: ConnectionClockOptions;
  #us = 0;
  #toldSecond = -1;
  life: ConnectionLife = "new";

  constructor(options: ConnectionClockOptions) {
    this.#options = options;
  }

  /** Greatest venue time, epoch microseconds. */
  get us(): number {
    return this.#us;
  }

  get toldSecond(): number {
    return this.#toldSecond;
  }

  /** Takes in a venue time without telling it. */
  raise(timeUs: number): void {
    if (timeUs > this.#us) this.#us = timeUs;
  }

  /** Moves to a venue time, and tells it where it crossed a whole second. A lost connection's clock stands still. */
  tick(timeUs: number): void {
    if (this.life === "live") this.raise(timeUs);
    const second = Math.floor((this.life === "down" ? timeUs : this.#us) / SECOND_US);
    if (second <= this.#toldSecond || (this.life !== "live" && this.life !== "down")) return;
    this.#tellUpTo(second);
  }

  /** Moves to the last time of a source and tells it, whole second or not. */
  finish(timeUs: number): void {
    this.raise(timeUs);
    this.#tellUpTo(Math.floor(this.#us / SECOND_US));
  }

  restore(us: number, toldSecond: number, life: ConnectionLife): void {
    this.#us = us;
    this.#toldSecond = toldSecond;
    this.life = life;
  }

  #tellUpTo(second: number): void {
    if (this.#options.stepped && this.life === "live" && this.#toldSecond >= 0) this.#tellSteps(second);
    this.#toldSecond = second;
    this.#options.tell();
  }

  #tellSteps(second: number): void {
    if (second - this.#toldSecond <= LONGEST_STEP_SECONDS) return;
    const aimUs = this.#us;
    this.#options.onLeap(aimUs);
    while (second - this.#toldSecond > LONGEST_STEP_SECONDS) {
      this.#toldSecond += LONGEST_STEP_SECONDS;
      this.#us = this.#toldSecond * SECOND_US;
      this.#options.tell();
    }
    this.#us = aimUs;
  }
}
