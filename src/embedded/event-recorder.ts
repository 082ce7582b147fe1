// Events as components report them: the same thing again is counted and not told twice, and who talks too much is cut short. From client-go's
// tools/record (EventCorrelator) and tools/events. A report that the server refuses is lost, as in a real cluster.
import { type JsonRecord, type Stored, at, numberOf, recordOf } from "#embedded/json.ts";
import { createObject, updateObject } from "#embedded/objects.ts";
import { findKind } from "#embedded/resources.ts";
import { ApiError } from "#embedded/status.ts";
import type { World, Writer } from "#embedded/world.ts";

export interface Report {
  /** What it is about: an object, or a reference that is made up (kubelets speak of nodes by name). */
  readonly about: Pick<Stored, "apiVersion" | "kind" | "metadata">;
  /** `spec.containers{web}`. */
  readonly fieldPath?: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** Only of components that use the newer API. */
  readonly action?: string;
}

export interface EventSource {
  readonly component: string;
  readonly host?: string;
  /** Reports through events.k8s.io, as the scheduler does. */
  readonly api?: "events.k8s.io";
}

export interface EventRecorder {
  record(report: Report): void;
}

/** Of one source about one object: so many at once, then one every five minutes. */
const burst = 25;
const refillMs = 300_000;

export const createEventRecorder = (world: World, source: EventSource): EventRecorder => {
  const events = findKind(world.resources(), "v1", "Event");
  const writer: Writer = {
    user: { username: `system:${source.component}`, groups: ["system:masters", "system:authenticated"] },
    dryRun: false,
    manager: source.component,
  };
  const names = new Map<string, { readonly namespace: string; readonly name: string }>();
  const allowances = new Map<string, { left: number; at: number }>();
  let sequence = 0;

  const isAllowed = (uid: string): boolean => {
    const now = world.clock.now();
    const { left, at: since } = allowances.get(uid) ?? { left: burst, at: now };
    const available = Math.min(burst, left + (now - since) / refillMs);
    allowances.set(uid, { left: available >= 1 ? available - 1 : available, at: now });
    return available >= 1;
  };
  const isSeries = source.api === "events.k8s.io";
  const precise = (): string => new Date(world.clock.now()).toISOString().replace("Z", "000Z");

  const repeated = (old: Stored, message: string): JsonRecord => {
    if (!isSeries) return { ...old, message, count: (numberOf(old["count"]) ?? 1) + 1, lastTimestamp: world.timestamp() };
    const count = numberOf(at(old, "series", "count")) ?? 1;
    return { ...old, series: { ...recordOf(old["series"]), count: count + 1, lastObservedTime: precise() } };
  };

  const fresh = ({ about, fieldPath, type, reason, message, action }: Report, namespace: string): JsonRecord => {
    sequence += 1;
    const { name, uid, resourceVersion } = about.metadata;
    const stamp = (BigInt(world.clock.now()) * 1_000_000n + BigInt(sequence % 1_000_000)).toString(16);
    const times = isSeries
      ? { eventTime: precise(), firstTimestamp: null, lastTimestamp: null, action }
      : { eventTime: null, firstTimestamp: world.timestamp(), lastTimestamp: world.timestamp(), count: 1 };
    const { component, host } = source;
    return {
      metadata: { name: `${name}.${stamp}`, namespace },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        name,
        ...(about.metadata.namespace === undefined ? {} : { namespace: about.metadata.namespace }),
        uid,
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
        ...(fieldPath === undefined ? {} : { fieldPath }),
      },
      type,
      reason,
      message,
      ...times,
      source: isSeries ? {} : { component, ...(host === undefined ? {} : { host }) },
      reportingComponent: component,
      reportingInstance: isSeries ? `${component}-${host ?? "control-plane"}` : (host ?? ""),
    };
  };

  return {
    record: (report) => {
      const { about, fieldPath = "", type, reason, message } = report;
      if (events === undefined) return;
      const namespace = about.metadata.namespace ?? "default";
      const key = JSON.stringify([about.metadata.uid, fieldPath, type, reason, message]);
      if (!isSeries && !isAllowed(about.metadata.uid)) return;
      const known = names.get(key);
      try {
        if (known !== undefined && world.find(events, known.namespace, known.name) !== undefined) {
          updateObject(world, events, known, { change: (old) => repeated(old, message) }, writer);
          return;
        }
        const { object } = createObject(world, events, namespace, fresh(report, namespace), writer);
        names.set(key, { namespace, name: object.metadata.name });
      } catch (error) {
        // Its namespace is gone, or ends.
        if (!(error instanceof ApiError)) throw error;
      }
    },
  };
};
