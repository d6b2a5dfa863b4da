/** Where a running fleet is to be found; the content of `fleet.json` and of the event that says that all is up. */
export interface FleetAddress {
  event: "ready";
  /** Null while the gateway is not part of the fleet. */
  api: string | null;
  nats: string;
  database: string;
  opsPorts: Record<string, number>;
  /** Of every part: the services, `nats` and `database`. */
  pids: Record<string, number>;
  /** Folder of everything the fleet keeps. */
  data: string;
  /** Process that watches over the parts. */
  pid: number;
}

/** What happens to a fleet, in the order in which it does. */
export type FleetEvent =
  | { event: "progress"; message: string }
  | { event: "port-moved"; part: string; wanted: number; port: number }
  | { event: "part-ready"; part: string; seconds: number; detail: string }
  | { event: "part-waiting"; part: string; reason: string }
  | { event: "part-log"; part: string; level: "warn" | "error"; message: string }
  | { event: "part-ended"; part: string; reason: string; retryMs: number }
  | FleetAddress
  | { event: "stopping"; reason: string }
  | { event: "stopped"; seconds: number }
  | { event: "error"; message: string };

/** Receives what happens. */
export type Report = (event: FleetEvent) => void;
