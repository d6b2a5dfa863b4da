import { setTimeout as sleep } from "node:timers/promises";
import { runService } from "@tickfleet/runtime/run-service";
import { z } from "zod";

/** A service that does nothing, or what `SAMPLE_FAULT` says. */
await runService({
  name: "api",
  version: "0.0.1",
  config: {
    SAMPLE_FAULT: z.enum(["none", "start", "throw", "rejection", "hang", "stop", "fail"]).default("none"),
    SAMPLE_SIZE: z.coerce.number().int().min(1),
  },
  async start({ config, logger, onShutdown, signal, fail }) {
    const fault = config.SAMPLE_FAULT;
    const stopping = (name: string) => async () => {
      logger.info({ part: name, aborted: signal.aborted }, "part stops");
      await sleep(fault === "hang" ? 60_000 : 300);
      if (fault === "stop" && name === "second") throw new Error("cannot stop");
    };
    onShutdown("first", stopping("first"));
    onShutdown("second", stopping("second"));
    if (fault === "start") throw new Error("cannot start");
    if (fault === "throw") setTimeout(() => JSON.parse("not JSON"), 100);
    if (fault === "rejection") setTimeout(() => void Promise.reject(new Error("nobody listens")), 100);
    if (fault === "fail") setTimeout(() => fail(new Error("cannot go on")), 100);
  },
});
