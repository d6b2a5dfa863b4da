import type { futures } from "@tickfleet/contracts/context-messages";
import type { Payload } from "@tickfleet/contracts/message";
import type { Pool } from "@tickfleet/database/pool";
import { LanesLostError } from "@tickfleet/runtime/failures";
import type { PollTurn } from "@tickfleet/runtime/poll";
import type { PerpetualState, SettledFunding } from "@tickfleet/venues/perpetual";
import { fundingAprOf, type Leverage } from "./leverage.ts";

type Lease = PollTurn["lease"];

/** A leverage snapshot as it is stored and published. */
export type Snapshot = Omit<Payload<typeof futures>, "ttlMs" | "algo">;

const HELD = `held as (select from futures_collector.lanes where lane = $1 and owner = $2 and epoch = $3 and expires > now())`;
const SNAPSHOT_COLUMNS = `venue, instrument, asset, time, valid_from, open_interest, open_interest_notional, funding_rate,
  funding_interval_hours, funding_apr, next_funding_time, mark_price, index_price, basis_bps`;

/** Every SQL statement of the futures collector. Times are epoch milliseconds. */
export class FuturesStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /**
   * Stores a state: open interest, predicted funding, and a snapshot, which stays as it is where that minute has one.
   * @throws LanesLostError where the lease is not held
   */
  async insertState(lease: Lease, state: PerpetualState, leverage: Leverage, receivedMs: number, validFrom: number): Promise<void> {
    const { rows } = await this.#pool.query<{ held: boolean }>({
      name: "insert-state",
      text: `with ${HELD}, input as (
          select $4::text as venue, $5::text as instrument, $6::text as asset, to_timestamp($7::float8 / 1000) as time,
            to_timestamp($8::float8 / 1000) as received_time, to_timestamp($9::float8 / 1000) as valid_from, $10::float8 as open_interest,
            $11::float8 as open_interest_notional, $12::float8 as funding_rate, $13::float8 as funding_interval_hours, $14::float8 as funding_apr,
            to_timestamp($15::float8 / 1000) as next_funding_time, $16::float8 as mark_price, $17::float8 as index_price, $18::float8 as basis_bps
          where exists (select from held)
        ), interest_written as (
          insert into futures_collector.open_interest (venue, instrument, time, open_interest, open_interest_notional, mark_price, received_time)
          select venue, instrument, time, open_interest, open_interest_notional, mark_price, received_time from input
          where open_interest is not null on conflict do nothing
        ), funding_written as (
          insert into futures_collector.funding_rates (venue, instrument, kind, time, funding_time, rate, interval_hours, apr)
          select venue, instrument, 'predicted', time, next_funding_time, funding_rate, funding_interval_hours, funding_apr from input
          where funding_rate is not null and next_funding_time is not null on conflict do nothing
        ), snapshot_written as (
          insert into futures_collector.leverage_snapshots (${SNAPSHOT_COLUMNS})
          select venue, instrument, asset, received_time, valid_from, open_interest, open_interest_notional, funding_rate,
            funding_interval_hours, funding_apr, next_funding_time, mark_price, index_price, basis_bps from input on conflict do nothing
        ) select exists (select from held) as held`,
      values: [
        ...leaseValues(lease),
        state.venue,
        state.instrument,
        state.asset,
        state.time,
        receivedMs,
        validFrom,
        state.openInterest,
        leverage.openInterestNotional,
        state.fundingRate,
        state.fundingIntervalHours,
        leverage.fundingApr,
        state.nextFundingTime,
        state.markPrice,
        state.indexPrice,
        leverage.basisBps,
      ],
    });
    needHeld(rows);
  }

  /** Stores fundings that were paid; an interval that was not known before is added. @throws LanesLostError */
  async insertSettled(lease: Lease, fundings: readonly SettledFunding[]): Promise<void> {
    const { rows } = await this.#pool.query<{ held: boolean }>({
      name: "insert-settled",
      text: `with ${HELD}, written as (
          insert into futures_collector.funding_rates as known (venue, instrument, kind, time, funding_time, rate, interval_hours, apr)
          select venue, instrument, 'settled', to_timestamp(ms / 1000), to_timestamp(ms / 1000), rate, hours, apr
          from unnest($4::text[], $5::text[], $6::float8[], $7::float8[], $8::float8[], $9::float8[]) as input(venue, instrument, ms, rate, hours, apr)
          where exists (select from held)
          on conflict (venue, instrument, kind, time) do update set interval_hours = excluded.interval_hours, apr = excluded.apr
          where known.interval_hours is null and excluded.interval_hours is not null
        ) select exists (select from held) as held`,
      values: [
        ...leaseValues(lease),
        fundings.map(({ venue }) => venue),
        fundings.map(({ instrument }) => instrument),
        fundings.map(({ fundingTime }) => fundingTime),
        fundings.map(({ rate }) => rate),
        fundings.map(({ intervalHours }) => intervalHours),
        fundings.map(({ rate, intervalHours }) => fundingAprOf(rate, intervalHours)),
      ],
    });
    needHeld(rows);
  }

  /** Snapshots that were not published and count only from a time on, in the order of their minutes. */
  async listUnpublished(validFrom: number): Promise<Snapshot[]> {
    const { rows } = await this.#pool.query<Record<string, number> & { venue: string; instrument: string; asset: string }>({
      name: "list-unpublished",
      text: `select ${SNAPSHOT_COLUMNS} from futures_collector.leverage_snapshots
        where published_time is null and valid_from >= to_timestamp($1::float8 / 1000) order by valid_from, venue, instrument`,
      values: [validFrom],
    });
    return rows.map((row) => ({
      venue: row.venue,
      instrument: row.instrument,
      asset: row.asset,
      time: msOf(row["time"]) as number,
      validFrom: msOf(row["valid_from"]) as number,
      openInterest: row["open_interest"] ?? null,
      openInterestNotional: row["open_interest_notional"] ?? null,
      fundingRate: row["funding_rate"] ?? null,
      fundingIntervalHours: row["funding_interval_hours"] ?? null,
      fundingApr: row["funding_apr"] ?? null,
      nextFundingTime: msOf(row["next_funding_time"]),
      markPrice: row["mark_price"] ?? null,
      indexPrice: row["index_price"] ?? null,
      basisBps: row["basis_bps"] ?? null,
    }));
  }

  async markPublished({ venue, instrument, validFrom }: Pick<Snapshot, "venue" | "instrument" | "validFrom">): Promise<void> {
    await this.#pool.query({
      name: "mark-published",
      text: `update futures_collector.leverage_snapshots set published_time = now()
        where venue = $1 and instrument = $2 and valid_from = to_timestamp($3::float8 / 1000)`,
      values: [venue, instrument, validFrom],
    });
  }
}

function leaseValues({ lane, owner, epoch }: Lease): unknown[] {
  return [lane, owner, epoch];
}

function needHeld(rows: readonly { held: boolean }[]): void {
  if (rows[0]?.held !== true) throw new LanesLostError("another process took over");
}

function msOf(us: number | null | undefined): number | null {
  return us === null || us === undefined ? null : Math.round(us / 1000);
}
