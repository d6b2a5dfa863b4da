import { runService } from "@tickfleet/runtime/run-service";
import { futuresCollector } from "./service.ts";

await runService(futuresCollector);
