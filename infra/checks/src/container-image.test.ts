import { expect, test } from "vitest";
import { ignorePatterns, isLeftOut, parseDockerfile } from "./container-image.ts";

const patterns = ignorePatterns("# comment\n*\n!packages\n!package.json\n\n**/test\n**/*.test.ts\n**/.env*\n");

test.each([
  ["README.md", true],
  ["package.json", false],
  ["packages/market/src/trade.ts", false],
  ["packages/market/src/trade.test.ts", true],
  ["packages/market/test/arrivals.ts", true],
  ["packages/market/contest/a.ts", false],
  ["packages/.env", true],
  [".env.example", true],
  ["services/api/src/main.ts", true],
])("%s is left out: %s", (path, expected) => {
  expect(isLeftOut(path, patterns)).toBe(expected);
});

test("stages of a Dockerfile with continued lines and comments", () => {
  expect(parseDockerfile("# c\nARG A=1\nFROM a AS one\nRUN x \\\n  y\n\nFROM b\nCOPY --from=one /a ./\n")).toEqual([
    { name: "", instructions: [{ word: "ARG", text: "A=1" }] },
    {
      name: "one",
      instructions: [
        { word: "FROM", text: "a AS one" },
        { word: "RUN", text: "x y" },
      ],
    },
    {
      name: "",
      instructions: [
        { word: "FROM", text: "b" },
        { word: "COPY", text: "--from=one /a ./" },
      ],
    },
  ]);
});
