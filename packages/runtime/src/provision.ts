import { DiscardPolicy, jetstreamManager, RetentionPolicy, StorageType, StoreCompression, type StreamConfig } from "@nats-io/jetstream";
import { type StreamDefinition, streams } from "@tickfleet/contracts/registry";
import type { Bus } from "./bus.ts";

const NANOS_PER_MS = 1_000_000;

export interface ProvisionOptions {
  /** Replicas of every stream, such as 3 in a cluster; by default a stream keeps what it has, and a new one gets 1. */
  replicas?: number;
  /** Replaces every stream's dedup window; for tests that show that nothing rests on it. */
  duplicateWindowMs?: number;
}

/** Makes every stream that is missing and brings the others up to the registry; returns the names it made. */
export async function provisionStreams(bus: Bus, options: ProvisionOptions = {}): Promise<string[]> {
  const manager = await jetstreamManager(bus.connection, { checkAPI: false });
  const made: string[] = [];
  for (const stream of streams) {
    const existing = await manager.streams.info(stream.name).catch(() => null);
    const config = configOf(stream, { ...options, replicas: options.replicas ?? existing?.config.num_replicas ?? 1 });
    if (existing === null) {
      await manager.streams.add(config);
      made.push(stream.name);
    } else {
      await manager.streams.update(stream.name, { ...existing.config, ...config });
    }
  }
  return made;
}

function configOf(stream: StreamDefinition, options: ProvisionOptions & { replicas: number }): Partial<StreamConfig> & { name: string } {
  return {
    name: stream.name,
    description: stream.summary,
    subjects: [...stream.subjects],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    compression: StoreCompression.S2,
    discard: DiscardPolicy.Old,
    max_age: stream.maxAgeMs * NANOS_PER_MS,
    max_bytes: stream.maxBytes,
    duplicate_window: (options.duplicateWindowMs ?? stream.duplicateWindowMs) * NANOS_PER_MS,
    num_replicas: options.replicas,
    allow_direct: true,
    deny_delete: true,
    allow_msg_ttl: true,
    ...(stream.allowAtomic ? { allow_atomic: true } : {}),
    ...(stream.republish ? { republish: { src: stream.republish.source, dest: stream.republish.destination } } : {}),
  };
}
