import { runService } from "@tickfleet/runtime/run-service";
import { patternDetector } from "./service.ts";

await runService(patternDetector);
