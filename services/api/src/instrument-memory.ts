import { admitChannels } from "./channel-request.ts";
import { UnavailableError } from "./problem.ts";
import type { ApiStore, InstrumentRow } from "./store.ts";

/** The instruments as the database told them last: what subscriptions are read by, also while it is away. */
export class InstrumentMemory {
  readonly #store: Pick<ApiStore, "listInstruments">;
  #last: readonly InstrumentRow[] | null = null;

  constructor(store: Pick<ApiStore, "listInstruments">) {
    this.#store = store;
  }

  /** The instruments of this moment. @throws UnavailableError */
  async list(): Promise<readonly InstrumentRow[]> {
    this.#last = await this.#store.listInstruments();
    return this.#last;
  }

  /**
   * The instruments that these channels are read by.
   * @throws UnavailableError where the database is away and a channel's instrument was not known before: it may be a new one
   */
  async listFor(channels: readonly string[]): Promise<readonly InstrumentRow[]> {
    try {
      return await this.list();
    } catch (error) {
      if (!(error instanceof UnavailableError) || this.#last === null) throw error;
      const { rejected } = admitChannels(channels, [], this.#last);
      if (rejected.some(({ code }) => code === "unknown-instrument")) throw error;
      return this.#last;
    }
  }
}
