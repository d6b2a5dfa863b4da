import { expect, test } from "vitest";
import { isOriginAllowed } from "./stream-origin.ts";

const HOST = "127.0.0.1:8080";

test.each([
  [undefined, HOST, [], true],
  ["http://127.0.0.1:8080", HOST, [], true],
  ["https://tickfleet.example.com", "tickfleet.example.com", [], true],
  ["http://localhost:5173", HOST, ["local"], true],
  ["http://[::1]:5173", HOST, ["local"], true],
  ["http://localhost:5173", HOST, [], false],
  ["https://evil.example.com", HOST, ["local"], false],
  ["http://127.0.0.1.example.com", HOST, ["local"], false],
  ["https://charts.example.com", HOST, ["https://charts.example.com"], true],
  ["http://charts.example.com", HOST, ["https://charts.example.com"], false],
  ["https://charts.example.com", HOST, ["*"], true],
  ["null", HOST, ["local"], false],
] as const)("a page of %s at host %s with %j allowed: %s", (origin, host, allowed, is) => {
  expect(isOriginAllowed(origin, host, allowed)).toBe(is);
});
