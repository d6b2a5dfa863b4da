import { runService } from "@tickfleet/runtime/run-service";
import { aggregator } from "./service.ts";

await runService(aggregator);
