// One container of a pod as its kubelet knows it: what it does now, how it ended before, and what keeps it from starting. Data only.
import { type JsonRecord, at, listOf, numberOf, recordOf, textOf } from "#embedded/json.ts";
import type { ContainerRun, Ended, Remains } from "#embedded/nodes/container-run.ts";
import type { RestartBackoff } from "#embedded/nodes/restart-backoff.ts";

export interface PastRun extends Ended {
  readonly run: Remains;
}

export interface Unit {
  readonly name: string;
  readonly spec: JsonRecord;
  /** An init container that runs on beside the others counts as one of them once it has started. */
  readonly role: "init" | "sidecar" | "main";
  readonly restartBackoff: RestartBackoff;
  readonly pullBackoff: RestartBackoff;
  /** Of the last failed pull. */
  pullFailure: { readonly message: string; readonly atMs: number } | undefined;
  run: ContainerRun | undefined;
  /** How the newest run that is over has ended, and the one before it. */
  ended: PastRun | undefined;
  endedBefore: PastRun | undefined;
  restarts: number;
  /** Something is under way: a pull, a stop. */
  isBusy: boolean;
  /** A probe had it killed; the kubelet starts it again in the same look. */
  isProbeKill: boolean;
  isReady: boolean;
  isStarted: boolean;
  /** Why the last attempt to start it failed: what the kubelet calls its reason cache. */
  obstacle: { readonly reason: string; readonly message: string } | undefined;
}

/** It no longer keeps the others from starting. */
export const isInitialized = ({ role, run, isStarted, ended }: Unit): boolean =>
  role === "sidecar" ? run !== undefined && isStarted : run === undefined && ended?.code === 0;

export const restartPolicyOf = (unit: Unit, spec: JsonRecord): string =>
  unit.role === "sidecar"
    ? "Always"
    : unit.role === "init" && spec["restartPolicy"] === "Always"
      ? "OnFailure"
      : textOf(spec["restartPolicy"]);

export const shouldRun = (unit: Unit, spec: JsonRecord): boolean => {
  if (unit.run !== undefined) return true;
  if (unit.ended === undefined) return true;
  const policy = restartPolicyOf(unit, spec);
  return policy === "Always" || (policy === "OnFailure" && unit.ended.code !== 0);
};

/** Its probe's port as a number; a name stands for the container's port of that name. */
export const portOf = (unit: Pick<Unit, "spec">, port: unknown): number | undefined =>
  numberOf(port) ??
  numberOf(
    at(
      listOf(unit.spec["ports"]).find((each) => at(each, "name") === port),
      "containerPort",
    ),
  ) ??
  undefined;

export const probeOf = (unit: Unit, kind: ProbeKind): JsonRecord | undefined => {
  const probe = unit.spec[`${kind}Probe`];
  return probe === undefined ? undefined : recordOf(probe);
};
export type ProbeKind = "readiness" | "liveness" | "startup";
