import type { Indicator, IndicatorCandle } from "../indicator.ts";
import type { Block } from "./block.ts";
import { NumberReader } from "./number-reader.ts";
import { indicatorId, type Parameters } from "./parameters.ts";

/** A candle with trades. */
export type PricedCandle = IndicatorCandle & { high: number; low: number; close: number };

/** The result while it is being written. */
export interface OpenResult<Output extends string> {
  values: Record<Output, number | null>;
  undefined: boolean;
}

interface Definition<Output extends string> {
  name: string;
  /** Semantic; a change of any output bit is a new one. */
  version: string;
  parameters: Parameters;
  outputs: readonly Output[];
  warmup: number;
  /** Null: running. */
  window: number | null;
  /** All state, in the order of the snapshot. */
  blocks: readonly Block[];
  /** Writes every value of the candle by `next` of the blocks, and sets `undefined` where it is degenerate. */
  compute(candle: PricedCandle, result: OpenResult<Output>): void;
}

/** Makes an indicator of its state and its formula. */
export function createIndicator<Output extends string>(definition: Definition<Output>): Indicator<Output> {
  const { blocks, compute, outputs } = definition;
  const id = indicatorId(definition.name, definition.version, definition.parameters);
  const updated = emptyResult(outputs);
  const peeked = emptyResult(outputs);

  const run = (candle: IndicatorCandle, result: OpenResult<Output>): boolean => {
    result.undefined = false;
    if (!hasTrades(candle)) {
      for (const output of outputs) result.values[output] = null;
      return false;
    }
    requireFiniteCandle(id, candle);
    compute(candle, result);
    return true;
  };
  const reset = (): void => {
    for (const block of blocks) block.reset();
  };

  return {
    id,
    outputs,
    warmup: definition.warmup,
    scope: definition.window === null ? "running" : "window",
    window: definition.window,
    update(candle) {
      if (run(candle, updated)) for (let i = 0; i < blocks.length; i++) (blocks[i] as Block).commit();
      return updated;
    },
    peek(candle) {
      run(candle, peeked);
      return peeked;
    },
    reset,
    snapshot() {
      const numbers: number[] = [];
      for (const block of blocks) block.save(numbers);
      return { id, numbers };
    },
    restore(snapshot) {
      reset();
      if (snapshot.id !== id) throw new RangeError(`expected a snapshot of ${id}, found one of ${snapshot.id}`);
      try {
        const reader = new NumberReader(snapshot.numbers);
        for (const block of blocks) block.load(reader);
        reader.end();
      } catch (error) {
        reset();
        throw error;
      }
    },
  };
}

/** A value as it leaves: null for NaN, and no -0. */
export function numberOrNull(x: number): number | null {
  return Number.isNaN(x) ? null : x + 0;
}

function emptyResult<Output extends string>(outputs: readonly Output[]): OpenResult<Output> {
  const values = Object.fromEntries(outputs.map((output) => [output, null])) as Record<Output, number | null>;
  return { values, undefined: false };
}

function hasTrades(candle: IndicatorCandle): candle is PricedCandle {
  return candle.high !== null && candle.low !== null && candle.close !== null;
}

function requireFiniteCandle(id: string, candle: PricedCandle): void {
  if ((candle.high + candle.low + candle.close + candle.volumeBase) * 0 === 0) return;
  const { openTime, high, low, close, volumeBase } = candle;
  throw new RangeError(`${id}: expected finite numbers, found ${[high, low, close, volumeBase].join(", ")} in the candle of ${openTime}`);
}
