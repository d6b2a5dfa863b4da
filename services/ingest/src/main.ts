import { runService } from "@tickfleet/runtime/run-service";
import { ingest } from "./service.ts";

await runService(ingest);
