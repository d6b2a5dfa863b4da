import { runService } from "@tickfleet/runtime/run-service";
import { indicator } from "./service.ts";

await runService(indicator);
