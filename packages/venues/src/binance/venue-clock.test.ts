import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createVenueClock } from "./venue-clock.ts";

const START_MS = 1_900_000_000_000;
const nowUs = (): number => Date.now() * 1000;

describe("venue clock", () => {
  beforeEach(() => void vi.useFakeTimers({ now: START_MS }));
  afterEach(() => void vi.useRealTimers());

  it("knows no offset before the first measure", () => {
    expect(createVenueClock(null).offsetUs()).toBeNull();
    expect(createVenueClock(-5_000).offsetUs()).toBe(-5_000);
  });

  it("takes the smallest difference, negative where the venue is ahead", () => {
    const clock = createVenueClock(null);
    clock.observe(nowUs(), nowUs() + 1_270_000);
    clock.observe(nowUs(), nowUs() + 1_250_000);
    expect(clock.offsetUs()).toBe(-1_270_000);
    expect(clock.now()).toBe(nowUs() + 1_270_000);
  });

  it("forgets a measure after two spans of ten minutes, and never goes back", () => {
    const clock = createVenueClock(null);
    clock.observe(nowUs(), nowUs() + 1_000_000);
    expect(clock.advance()).toBe(START_MS * 1000 + 1_000_000);
    for (let i = 0; i < 2; i++) {
      vi.advanceTimersByTime(600_001);
      clock.observe(nowUs(), nowUs() - 20_000);
    }
    const before = clock.last();
    expect(clock.offsetUs()).toBe(20_000);
    expect(clock.advance()).toBeGreaterThanOrEqual(before);
  });

  it("is not moved by one stamp far in the future, but by several", () => {
    const clock = createVenueClock(null);
    clock.observe(nowUs(), nowUs());
    clock.observe(nowUs(), nowUs() + 3_600_000_000);
    clock.observe(nowUs(), nowUs());
    expect(clock.offsetUs()).toBe(0);
    for (let i = 0; i < 5; i++) clock.observe(nowUs(), nowUs() + 3_600_000_000);
    expect(clock.offsetUs()).toBe(-3_600_000_000);
  });
});
