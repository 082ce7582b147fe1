// The signs that evidence shows, such as a kind, a phase, a reason; and the index from signs to causes, so that a cause runs only where one of its signs is.
// Pure; an index that forgets a sign would hide a cause, so that a law in signs.test.ts holds it to the run of all causes.
import type { Pod } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { statusesOf } from "#diagnosis/containers.ts";
import type { Evidence } from "#evidence/evidence.ts";
import type { KindName } from "#evidence/source-names.ts";

export type Sign =
  /** An object of the kind. */
  | KindName
  /** An object of the kind with this phase, such as `Pod Pending`, or this condition, such as `Pod Ready=False`. */
  | `${KindName} ${string}`
  /** An event with this reason. */
  | `event ${string}`
  /** A container that waits, with this reason or any. */
  | `waiting ${string}`
  | "waiting"
  /** A container that ended at least once. */
  | "ended"
  /** An object with a deletionTimestamp. */
  | "deletion"
  /** An object of any kind with conditions. */
  | "conditions"
  | "alert"
  | "component"
  | "connection"
  | "log"
  | "metric";

interface Shown extends KubeObject {
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export const signsOf = (evidence: Evidence): ReadonlySet<Sign> => {
  const signs = new Set<string>();
  for (const object of evidence.objects as readonly Shown[]) {
    const { kind, metadata, status } = object;
    signs.add(kind);
    if (metadata.deletionTimestamp !== undefined) signs.add("deletion");
    if (status?.phase !== undefined) signs.add(`${kind} ${status.phase}`);
    if (Array.isArray(status?.conditions)) signs.add("conditions");
    if (Array.isArray(status?.conditions)) for (const { type, status: is } of status.conditions) signs.add(`${kind} ${type}=${is}`);
    if (kind === "Pod") for (const sign of signsOfContainers(object as Pod)) signs.add(sign);
  }
  for (const { reason } of evidence.events) signs.add(`event ${reason}`);
  const { alerts, components, connections, logs, metrics } = evidence;
  const lists = { alert: alerts, component: components, connection: connections, log: logs, metric: metrics };
  for (const [sign, list] of Object.entries(lists)) if (list.length > 0) signs.add(sign);
  return signs as ReadonlySet<Sign>;
};

const signsOfContainers = (pod: Pod): readonly Sign[] =>
  statusesOf(pod).flatMap(({ state, lastState, restartCount }): readonly Sign[] => [
    ...(state?.waiting === undefined ? [] : ["waiting" as const, `waiting ${state.waiting.reason ?? ""}` as const]),
    ...(state?.terminated === undefined && lastState?.terminated === undefined && restartCount === 0 ? [] : ["ended" as const]),
  ]);

/** Those of them, in their order, one of whose signs the evidence shows. */
export const shownBy = <C extends { readonly signs: readonly Sign[] }>(causes: readonly C[], evidence: Evidence): readonly C[] => {
  const shown = signsOf(evidence);
  return causes.filter(({ signs }) => signs.some((sign) => shown.has(sign)));
};
