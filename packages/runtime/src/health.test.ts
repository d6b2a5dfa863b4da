import { expect, test } from "vitest";
import { createHealth } from "./health.ts";

test("a service is ready once it has started and while every part works", () => {
  const health = createHealth();
  health.ready("broker", true);
  expect(health.snapshot()).toEqual({ status: "not-ready", started: false, components: { broker: { ok: true, detail: "" } } });
  health.started();
  expect(health.snapshot().status).toBe("ready");
  health.ready("database", false, "connection refused");
  expect(health.snapshot()).toMatchObject({ status: "not-ready", components: { database: { ok: false, detail: "connection refused" } } });
  health.ready("database", true);
  expect(health.snapshot().status).toBe("ready");
  health.stopping();
  expect(health.snapshot().status).toBe("stopping");
});
