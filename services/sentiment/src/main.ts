import { runService } from "@tickfleet/runtime/run-service";
import { sentimentService } from "./service.ts";

await runService(sentimentService);
