import { expect, test } from "vitest";
import { findRepeats } from "./repeats.ts";
import { hashText } from "./text-hash.ts";

const HOUR = 3_600_000;
const item = (key: string, hash: string, hours: number) => ({ key, hash, publishedTime: hours * HOUR });

test("the first of a text counts, repeats within a day of it do not, and after a day it counts again", () => {
  const fresh = [item("d", "x", 48), item("b", "x", 23.9), item("a", "x", 0), item("c", "x", 24), item("e", "y", 1)];
  expect([...findRepeats([], fresh)]).toEqual([["b", "a"]]);
  expect([...findRepeats([], [item("a", "x", 0), item("b", "x", 20), item("c", "x", 30)])]).toEqual([["b", "a"]]);
});

test("what is stored counts, also before what was published earlier", () => {
  expect([...findRepeats([item("s", "x", 10)], [item("a", "x", 5), item("b", "x", -15)])]).toEqual([["a", "s"]]);
});

test("of one time the first by its key counts", () => {
  expect([...findRepeats([], [item("b", "x", 1), item("a", "x", 1)])]).toEqual([["b", "a"]]);
});

test("texts are the same where letters and digits are, whatever case, marks, spaces and addresses", () => {
  expect(hashText("Bitcoin soars!", "Read  https://a.example/1")).toBe(hashText("bitcoin, soars", "read https://b.example/2"));
  expect(hashText("Bitcoin soars 5%", "")).not.toBe(hashText("Bitcoin soars 6%", ""));
  expect(hashText("ビットコイン", "")).not.toBe(hashText("イーサリアム", ""));
});
