// Events as components report them: the same thing again is counted and not told twice, and who talks too much is cut short. From client-go's
// tools/record (EventCorrelator) and tools/events. A report that the server refuses is lost, as in a real cluster.
import { type JsonRecord, type Stored, at, numberOf, recordOf } from "#embedded/json.ts";
import { builtIn } from "#embedded/resources.ts";
import { createSystemClient, refusalOf } from "#embedded/system-client.ts";
import type { ServerContext } from "#embedded/server-context.ts";

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
const eventsOf = builtIn("v1", "Event");

export const createEventRecorder = (server: ServerContext, source: EventSource): EventRecorder => {
  const client = createSystemClient(server, `system:${source.component}`, source.component);
  const names = new Map<string, { readonly namespace: string; readonly name: string }>();
  const allowances = new Map<string, { left: number; at: number }>();
  let sequence = 0;

  const isAllowed = (uid: string): boolean => {
    const now = server.clock.now();
    const { left, at: since } = allowances.get(uid) ?? { left: burst, at: now };
    const available = Math.min(burst, left + (now - since) / refillMs);
    allowances.set(uid, { left: available >= 1 ? available - 1 : available, at: now });
    return available >= 1;
  };
  const isSeries = source.api === "events.k8s.io";
  const precise = (): string => new Date(server.clock.now()).toISOString().replace("Z", "000Z");

  const repeated = (old: Stored, message: string): JsonRecord => {
    if (!isSeries) return { ...old, message, count: (numberOf(old["count"]) ?? 1) + 1, lastTimestamp: server.timestamp() };
    const count = numberOf(at(old, "series", "count")) ?? 1;
    return { ...old, series: { ...recordOf(old["series"]), count: count + 1, lastObservedTime: precise() } };
  };

  const fresh = ({ about, fieldPath, type, reason, message, action }: Report, namespace: string): JsonRecord => {
    sequence += 1;
    const { name, uid, resourceVersion } = about.metadata;
    const stamp = (BigInt(server.clock.now()) * 1_000_000n + BigInt(sequence % 1_000_000)).toString(16);
    const times = isSeries
      ? { eventTime: precise(), firstTimestamp: null, lastTimestamp: null, action }
      : { eventTime: null, firstTimestamp: server.timestamp(), lastTimestamp: server.timestamp(), count: 1 };
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
      const namespace = about.metadata.namespace ?? "default";
      const key = JSON.stringify([about.metadata.uid, fieldPath, type, reason, message]);
      if (!isSeries && !isAllowed(about.metadata.uid)) return;
      const known = names.get(key);
      const old = known === undefined ? undefined : server.find(eventsOf, known.namespace, known.name);
      // Refused where its namespace is gone, or ends.
      refusalOf(() => {
        if (old !== undefined) client.update(old, (stored) => repeated(stored, message));
        else names.set(key, { namespace, name: client.create(eventsOf, namespace, fresh(report, namespace)).metadata.name });
      });
    },
  };
};
