// A container's probes (pkg/kubelet/prober): each asks in its period while the container runs, counts, and says when its opinion changes. Only
// asks; what follows from it is the pod worker's.
import type { Clock } from "#lib/clock.ts";
import { type JsonRecord, at, isRecord, listOf, numberOf, recordOf, textOf } from "#embedded/json.ts";
import type { ContainerRun } from "#embedded/nodes/container-run.ts";
import { type ProbeKind, type Unit, portOf, probeOf } from "#embedded/nodes/unit.ts";

export interface ProberDeps {
  readonly clock: Clock;
  readonly unit: Unit;
  podIp(): string;
  isTerminating(): boolean;
  isWatched(): boolean;
  onFailure(message: string): void;
  onChange(kind: ProbeKind, isGood: boolean): void;
}

export interface Prober {
  stop(): void;
}

interface Opinion {
  runId: string;
  isGood: boolean | undefined;
  last: boolean | undefined;
  count: number;
  isOnHold: boolean;
}

const words: Readonly<Record<ProbeKind, string>> = { readiness: "Readiness", liveness: "Liveness", startup: "Startup" };

export const createProber = (deps: ProberDeps): Prober => {
  const { clock, unit } = deps;
  const cancels = new Map<ProbeKind, () => void>();

  const ask = (kind: ProbeKind, probe: JsonRecord, opinion: Opinion): void => {
    const { run } = unit;
    if (run === undefined || !deps.isWatched() || (deps.isTerminating() && kind !== "readiness")) return;
    if (opinion.runId !== run.id)
      Object.assign(opinion, { runId: run.id, isGood: kind === "liveness" ? true : undefined, last: undefined, count: 0, isOnHold: false });
    if (opinion.isOnHold || clock.now() < run.startedAtMs + (numberOf(probe["initialDelaySeconds"]) ?? 0) * 1000) return;
    if (kind === "startup" ? unit.isStarted : !unit.isStarted) return;
    const failure = answerOf(run, unit, probe, deps.podIp());
    const isGood = failure === undefined;
    if (failure !== undefined) deps.onFailure(`${words[kind]} probe failed: ${failure}`);
    opinion.count = opinion.last === isGood ? opinion.count + 1 : 1;
    opinion.last = isGood;
    const threshold = numberOf(probe[isGood ? "successThreshold" : "failureThreshold"]) ?? 1;
    if (opinion.count < threshold || opinion.isGood === isGood) return;
    opinion.isGood = isGood;
    // A container that is about to be killed is asked no more.
    opinion.isOnHold = !isGood && kind !== "readiness";
    deps.onChange(kind, isGood);
  };

  for (const kind of ["startup", "liveness", "readiness"] as const) {
    const probe = probeOf(unit, kind);
    if (probe === undefined) continue;
    const opinion: Opinion = { runId: "", isGood: undefined, last: undefined, count: 0, isOnHold: false };
    const periodMs = (numberOf(probe["periodSeconds"]) ?? 10) * 1000;
    const tick = (): void => {
      cancels.set(kind, clock.after(periodMs, tick));
      ask(kind, probe, opinion);
    };
    cancels.set(kind, clock.after(periodMs, tick));
  }
  return {
    stop: () => {
      for (const cancel of cancels.values()) cancel();
      cancels.clear();
    },
  };
};

/** What is wrong, in the prober's words; undefined where all is well. */
const answerOf = (run: ContainerRun, unit: Unit, probe: JsonRecord, podIp: string): string | undefined => {
  const { exec, httpGet, tcpSocket, grpc } = probe;
  if (isRecord(exec)) {
    const { code, output } = run.exec(listOf(exec["command"]).map(textOf));
    return code === 0 ? undefined : output;
  }
  if (isRecord(httpGet)) {
    const port = portOf(unit, httpGet["port"]);
    const path = textOf(httpGet["path"]) || "/";
    const url = `${textOf(httpGet["scheme"]).toLowerCase() || "http"}://${textOf(httpGet["host"]) || podIp}:${port ?? 0}${path.startsWith("/") ? "" : "/"}${path}`;
    if (port === undefined || !run.isListening(port)) return `Get ${JSON.stringify(url)}: ${refused(podIp, port)}`;
    const status = run.httpStatus(path);
    return status >= 200 && status < 400 ? undefined : `HTTP probe failed with statuscode: ${status}`;
  }
  const port = portOf(unit, at(tcpSocket, "port") ?? at(grpc, "port"));
  if (port !== undefined && run.isListening(port)) return undefined;
  if (isRecord(grpc))
    return `timeout: failed to connect service "${podIp}:${port ?? 0}" within ${numberOf(recordOf(probe)["timeoutSeconds"]) ?? 1}s: context deadline exceeded`;
  return refused(podIp, port);
};

const refused = (podIp: string, port: number | undefined): string => `dial tcp ${podIp}:${port ?? 0}: connect: connection refused`;
