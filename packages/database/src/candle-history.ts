import type { OutputPosition } from "./checkpoint.ts";
import type { Pool, PoolClient } from "./pool.ts";
import { rollBackAndRelease } from "./transaction.ts";

const FETCH_ROWS = 2_000;

/** The views that a service reads its history from. */
export interface CandleViews {
  /** Candles, one row per (venue, instrument, timeframe, anchor, session, open_time), with close_time and state. */
  candles: string;
  /** Lanes of the service that writes them, with the positions of its outputs. */
  lanes: string;
  /** The stream that it writes them to. */
  stream: string;
  /** Columns to read, by the name that the rows carry. */
  columns: Readonly<Record<string, string>>;
}

export type HistoryRow = Readonly<Record<string, string | number | null>>;

/** The first candle on record of an instrument and timeframe. */
export interface FirstCandle {
  venue: string;
  instrument: string;
  timeframe: string;
  anchor: string;
  session: string;
  /** Epoch microseconds. */
  openTime: number;
}

export interface CandleHistory {
  /** Where the stream goes on after the rows. */
  position: OutputPosition;
  /** Present revisions of the lane's closed candles, in the order of their closes; ends the transaction. */
  rows(): AsyncGenerator<HistoryRow>;
  /** The first candle of every series of the lane; to be read before the rows. */
  firstCandles(): Promise<FirstCandle[]>;
  close(): Promise<void>;
}

/**
 * Opens the candles of a lane, read in one repeatable-read transaction with the writer's position; null where the writer has not begun
 * with the lane.
 * @param isOfLane whether an instrument belongs to it
 * @param timeframes all there are, shortest first
 */
export async function openCandleHistory(
  pool: Pool,
  views: CandleViews,
  lane: number,
  isOfLane: (venue: string, instrument: string) => boolean,
  timeframes: readonly string[],
): Promise<CandleHistory | null> {
  const client = await pool.connect();
  let open = true;
  const close = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await rollBackAndRelease(client);
  };
  try {
    await client.query("begin isolation level repeatable read read only");
    const position = await findPosition(client, views, lane);
    if (position === null) {
      await close();
      return null;
    }
    const listOwn = async (): Promise<[venues: string[], instruments: string[]]> => {
      const own = (await listInstruments(client, views)).filter(({ venue, instrument }) => isOfLane(venue, instrument));
      return [own.map(({ venue }) => venue), own.map(({ instrument }) => instrument)];
    };
    return {
      position,
      firstCandles: async () => listFirst(client, views, await listOwn(), timeframes),
      async *rows() {
        try {
          yield* readRows(client, views, await listOwn(), timeframes);
        } finally {
          await close();
        }
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Position in the stream of what the writer last sent to a lane; null where it has sent nothing. */
export async function findPosition(from: Pool | PoolClient, { lanes, stream }: CandleViews, lane: number): Promise<OutputPosition | null> {
  const { rows } = await from.query<{ outputs: Record<string, OutputPosition> }>(`select outputs from ${lanes} where lane = $1`, [lane]);
  return rows[0]?.outputs[stream] ?? null;
}

/** Every instrument that has candles, each found by a step in the key's index. */
async function listInstruments(client: PoolClient, { candles }: CandleViews): Promise<{ venue: string; instrument: string }[]> {
  const { rows } = await client.query<{ venue: string; instrument: string }>(
    `with recursive series as (
      (select venue, instrument from ${candles} order by venue, instrument limit 1)
      union all
      select next.venue, next.instrument from series cross join lateral (
        select venue, instrument from ${candles}
        where (venue, instrument) > (series.venue, series.instrument) order by venue, instrument limit 1
      ) as next
    ) select venue, instrument from series`,
  );
  return rows;
}

async function listFirst(
  client: PoolClient,
  { candles }: CandleViews,
  [venues, instruments]: readonly [readonly string[], readonly string[]],
  timeframes: readonly string[],
): Promise<FirstCandle[]> {
  const { rows } = await client.query<FirstCandle>(
    `select venue, instrument, timeframe, anchor, session, open_time as "openTime"
     from unnest($1::text[], $2::text[]) as own(venue, instrument) cross join unnest($3::text[]) as named(timeframe)
     cross join lateral (
       select anchor, session, open_time from ${candles} as candle where candle.venue = own.venue and candle.instrument = own.instrument
       and candle.timeframe = named.timeframe and state <> 'forming' order by anchor, session, open_time limit 1
     ) as first`,
    [venues, instruments, timeframes],
  );
  return rows;
}

async function* readRows(
  client: PoolClient,
  { candles, columns }: CandleViews,
  [venues, instruments]: readonly [readonly string[], readonly string[]],
  timeframes: readonly string[],
): AsyncGenerator<HistoryRow> {
  if (venues.length === 0) return;
  const list = Object.entries(columns).map(([name, column]) => `${column} as "${name}"`);
  await client.query(
    `declare history_candles cursor for select ${list.join(", ")} from ${candles}
     where (venue, instrument) in (select * from unnest($1::text[], $2::text[])) and state <> 'forming'
     order by close_time, array_position($3::text[], timeframe), venue, instrument, anchor, session, open_time`,
    [venues, instruments, timeframes],
  );
  for (;;) {
    const { rows } = await client.query<HistoryRow>(`fetch ${FETCH_ROWS} from history_candles`);
    yield* rows;
    if (rows.length < FETCH_ROWS) return;
  }
}
