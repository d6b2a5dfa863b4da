import { runService } from "@tickfleet/runtime/run-service";
import { api } from "./service.ts";

await runService(api);
