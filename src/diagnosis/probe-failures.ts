// Probes that fail now, container by container: which one, what it asks, and what the kubelet says of it. Pure.
// The words are the kubelet's (pkg/kubelet/prober): "Liveness probe failed: …", "Container x failed liveness probe, will be restarted".
import { isReady } from "#api/conditions.ts";
import type { Container, ContainerStatus, Pod } from "#api/kubernetes.ts";
import { containerStatusOf } from "#diagnosis/containers.ts";
import { isUnready } from "#diagnosis/node-programs.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import type { ObservedEvent } from "#evidence/evidence.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { escaped } from "#lib/escaped.ts";

export type ProbeKind = "liveness" | "readiness" | "startup";

export interface Probe {
  readonly handler: "http" | "tcp" | "grpc" | "exec";
  /** As it is written: a number, or the name of one of the container's ports. */
  readonly port?: number | string;
  readonly path?: string;
  readonly initialDelaySeconds: number;
  readonly timeoutSeconds: number;
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

export interface ProbeFailure {
  readonly workload: Workload;
  readonly pod: Pod;
  readonly container: Container;
  readonly kind: ProbeKind;
  readonly probe: Probe;
  readonly message: string;
  readonly event: ObservedEvent;
  /** Other probes of the container that do not fail. */
  readonly passing: readonly Probe[];
  /** The container has been restarted, or was reported that it will be. */
  readonly isKilled: boolean;
}

const fields = { liveness: "livenessProbe", readiness: "readinessProbe", startup: "startupProbe" } as const;
export const probeKinds = Object.keys(fields) as readonly ProbeKind[];

/** At most one for each workload, container and kind; a pod that has become well is not listed, nor one whose node is not. */
export const probeFailures = (view: View): readonly ProbeFailure[] => view.shared(findProbeFailures);

const findProbeFailures = (view: View): readonly ProbeFailure[] =>
  view.workloads.flatMap((workload) => {
    const seen = new Set<string>();
    return workload.pods.flatMap((pod) => {
      if (pod.metadata.deletionTimestamp !== undefined || pod.status?.phase !== "Running" || isNodeDown(view, pod)) return [];
      return failuresIn(view, workload, pod).filter(({ container, kind }) => {
        const id = `${container.name} ${kind}`;
        if (seen.has(id)) return false;
        seen.add(id);
        return true;
      });
    });
  });

const failuresIn = (view: View, workload: Workload, pod: Pod): readonly ProbeFailure[] => {
  const events = view.eventsAround(workload).filter(({ uid }) => uid === pod.metadata.uid);
  return pod.spec.containers.flatMap((container) => {
    const status = containerStatusOf(pod, container.name);
    const restarts = status?.restartCount ?? 0;
    const reported = (kind: ProbeKind): ObservedEvent | undefined =>
      events.find(({ reason, message }) => reason === "Unhealthy" && message.toLowerCase().startsWith(`${kind} probe failed`));
    const isKilled =
      restarts > 0 &&
      events.some(({ message }) => new RegExp(`Container ${escaped(container.name)} failed (?:liveness|startup) probe`).test(message));
    return probeKinds.flatMap((kind): ProbeFailure[] => {
      const probe = probeOf(container, kind);
      const event = reported(kind);
      if (probe === undefined || event === undefined) return [];
      // A ready pod that was never restarted has got over it.
      // Readiness is asked of what runs: while a container is restarted, that is the trouble.
      const counts = kind === "readiness" ? !isReady(pod) && (restarts === 0 || hasRunSince(status, event)) : isKilled;
      if (!counts) return [];
      const passing = probeKinds.flatMap((other) =>
        other === kind || reported(other) !== undefined ? [] : (probeOf(container, other) ?? []),
      );
      return [{ workload, pod, container, kind, probe, message: event.message, event, passing, isKilled }];
    });
  });
};

export const probeOf = (container: Container, kind: ProbeKind): Probe | undefined => {
  const raw = container[fields[kind]] as
    | (Partial<Record<"initialDelaySeconds" | "timeoutSeconds" | "periodSeconds" | "failureThreshold", number>> & {
        httpGet?: { port: number | string; path?: string };
        tcpSocket?: { port: number | string };
        grpc?: { port: number | string };
        exec?: object;
      })
    | undefined;
  if (raw === undefined) return undefined;
  const { httpGet, tcpSocket, grpc } = raw;
  const target = httpGet ?? tcpSocket ?? grpc;
  return {
    handler: httpGet !== undefined ? "http" : tcpSocket !== undefined ? "tcp" : grpc !== undefined ? "grpc" : "exec",
    ...(target === undefined ? {} : { port: target.port }),
    ...(httpGet?.path === undefined ? {} : { path: httpGet.path }),
    // The API server's own defaults.
    initialDelaySeconds: raw.initialDelaySeconds ?? 0,
    timeoutSeconds: raw.timeoutSeconds ?? 1,
    periodSeconds: raw.periodSeconds ?? 10,
    failureThreshold: raw.failureThreshold ?? 3,
  };
};

/** A port that the container declares; undefined where it declares none, so that nothing can be said. */
export const declaresPort = ({ ports = [] }: Container, port: number | string | undefined): boolean | undefined => {
  if (port === undefined || ports.length === 0) return undefined;
  return ports.some(({ containerPort, name }) => (typeof port === "number" ? containerPort === port : name === port));
};

export const sameTarget = (a: Probe, b: Probe): boolean => a.handler === b.handler && a.port === b.port && a.path === b.path;

/** How long a container may take before the probe gives it up. */
export const patienceSeconds = ({ initialDelaySeconds, periodSeconds, failureThreshold }: Probe): number =>
  initialDelaySeconds + periodSeconds * failureThreshold;

export const probeText = ({ handler, port, path, initialDelaySeconds, timeoutSeconds, periodSeconds, failureThreshold }: Probe): string =>
  `${handler} ${port ?? ""}${path ?? ""}, delay ${initialDelaySeconds} s, timeout ${timeoutSeconds} s, period ${periodSeconds} s, ${failureThreshold} failures`;

/** Nothing restarted the container since the probe first failed. */
const hasRunSince = (status: ContainerStatus | undefined, { firstAt }: ObservedEvent): boolean => {
  const startedAt = fromTimestamp(status?.state?.running?.startedAt);
  const first = fromTimestamp(firstAt);
  return startedAt !== undefined && first !== undefined && startedAt <= first;
};

const isNodeDown = (view: View, pod: Pod): boolean => {
  const node = view.nodeOf(pod);
  return node !== undefined && isUnready(node) === true;
};
