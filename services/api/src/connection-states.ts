import { clock, status } from "@tickfleet/contracts/market-messages";
import { filterOf, type Payload, parametersOf } from "@tickfleet/contracts/message";
import type { Bus } from "@tickfleet/runtime/bus";

/** A connection or file that an instrument came from, as far as MARKET still knows. */
export interface InstrumentSource {
  connection: string;
  /** `live` only while its clock goes on; `ended`: a file that came to its end. */
  state: "live" | "down" | "ended";
}

type Status = Payload<typeof status>;
type Clock = Payload<typeof clock>;

/** Stands for every instrument of a venue. */
const ANY = "*";
const KEPT_MS = 1_000;
/** A clock comes once a second. */
const SILENT_MS = 10_000;

const decoder = new TextDecoder();

/** Which instruments come from where, and whether they come now: read from the newest status and clock of every connection. */
export class ConnectionStates {
  readonly #bus: Pick<Bus, "listLast">;
  readonly #now: () => number;
  #readMs = Number.NEGATIVE_INFINITY;
  #found: Promise<Map<string, InstrumentSource[]>> = Promise.resolve(new Map());

  constructor(bus: Pick<Bus, "listLast">, now: () => number) {
    this.#bus = bus;
    this.#now = now;
  }

  /** Sources of an instrument. Rejects while the broker is away. */
  async sourcesOf(): Promise<(venue: string, instrument: string) => InstrumentSource[]> {
    const found = await this.#list();
    return (venue, instrument) => [...(found.get(`${venue}|${instrument}`) ?? []), ...(found.get(`${venue}|${ANY}`) ?? [])];
  }

  #list(): Promise<Map<string, InstrumentSource[]>> {
    const now = this.#now();
    if (now - this.#readMs > KEPT_MS) {
      this.#readMs = now;
      this.#found = this.#read(now);
      this.#found.catch(() => {
        this.#readMs = Number.NEGATIVE_INFINITY;
      });
    }
    return this.#found;
  }

  async #read(nowMs: number): Promise<Map<string, InstrumentSource[]>> {
    const [states, clocks] = await Promise.all([
      this.#bus.listLast("MARKET", filterOf(status)),
      this.#bus.listLast("MARKET", filterOf(clock)),
    ]);
    const going = new Set<string>();
    for (const { subject, data, headers } of clocks) {
      const parameters = parametersOf(clock, subject);
      const { state } = JSON.parse(decoder.decode(data)) as Clock;
      const storedMs = Date.parse(headers?.get("Nats-Time-Stamp") ?? "");
      if (parameters !== null && state === "live" && nowMs - storedMs < SILENT_MS)
        going.add(`${parameters["venue"]}|${parameters["connection"]}`);
    }
    const found = new Map<string, InstrumentSource[]>();
    for (const { data } of states) {
      const { venue, connection, state: told, instruments } = JSON.parse(decoder.decode(data)) as Status;
      const state = told === "live" && !going.has(`${venue}|${connection}`) ? "down" : told;
      going.delete(`${venue}|${connection}`);
      for (const { instrument } of instruments) {
        const key = `${venue}|${instrument}`;
        found.set(key, [...(found.get(key) ?? []), { connection, state }]);
      }
    }
    // a connection that has not changed for longer than MARKET reaches back still has a clock
    for (const key of going) {
      const [venue = "", connection = ""] = key.split("|");
      found.set(`${venue}|${ANY}`, [...(found.get(`${venue}|${ANY}`) ?? []), { connection, state: "live" }]);
    }
    return found;
  }
}
