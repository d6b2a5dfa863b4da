/** State of one part that readiness depends on. */
export interface ComponentHealth {
  ok: boolean;
  detail: string;
}

/** What `/readyz` and `/startupz` tell. */
export interface Health {
  /** Says whether a part works, and if not, why. */
  ready(component: string, ok: boolean, detail?: string): void;
  /** The service has begun its work; before, `/startupz` says no. */
  started(): void;
  /** The service is going away: not ready from now on. */
  stopping(): void;
  snapshot(): { status: "ready" | "not-ready" | "stopping"; started: boolean; components: Record<string, ComponentHealth> };
}

export function createHealth(): Health {
  const components = new Map<string, ComponentHealth>();
  let started = false;
  let stopping = false;
  return {
    ready(component, ok, detail = "") {
      components.set(component, { ok, detail });
    },
    started() {
      started = true;
    },
    stopping() {
      stopping = true;
    },
    snapshot() {
      const ready = started && [...components.values()].every((component) => component.ok);
      return { status: stopping ? "stopping" : ready ? "ready" : "not-ready", started, components: Object.fromEntries(components) };
    },
  };
}
