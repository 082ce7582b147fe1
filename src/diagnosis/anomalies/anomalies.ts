// Every anomaly of the evidence, and what accounts for each: a finding, its age, or nothing. Pure.
import type { Reference } from "#api/fields.ts";
import { type Job, Jobs, type PersistentVolumeClaim, PersistentVolumeClaims, Pods, type Service, Services } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { type Anomaly, isYoungSince, severities } from "#diagnosis/anomalies/anomaly.ts";
import { eventAnomalies } from "#diagnosis/anomalies/of-events.ts";
import { objectAnomalies } from "#diagnosis/anomalies/of-objects.ts";
import { workloadAnomalies } from "#diagnosis/anomalies/of-workloads.ts";
import { concerning } from "#diagnosis/concerns.ts";
import type { Finding } from "#diagnosis/finding.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";

/**
 * Guarantees: at most one of a kind and object; worst first. An empty list means that everything in the evidence is as declared; it says
 * nothing of what was not read.
 */
export const anomaliesOf = (view: View): readonly Anomaly[] => {
  const found = [
    ...view.workloads.flatMap((workload) => workloadAnomalies(view, workload)),
    ...view.evidence.objects.flatMap((object) => objectAnomalies(view, object)),
    ...view.all(PersistentVolumeClaims).flatMap((claim) => claimAnomalies(view, claim)),
    ...view.all(Services).flatMap((service) => serviceAnomalies(view, service)),
    ...view.all(Jobs).flatMap(jobAnomalies),
  ];
  const known = onePerKey(found);
  const worst = (a: Anomaly, b: Anomaly): number => severities.indexOf(a.severity) - severities.indexOf(b.severity);
  return [...known, ...eventAnomalies(view, known)].toSorted((a, b) => worst(a, b) || compare(keyOf(a), keyOf(b)));
};

const keyOf = ({ kind, object }: Anomaly): string => `${referenceText(object)} ${kind}`;
const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

const onePerKey = (all: readonly Anomaly[]): readonly Anomaly[] => [
  ...new Map(all.toReversed().map((each) => [keyOf(each), each])).values(),
];

/** A claim that no pod names waits for its first consumer, as declared. */
const claimAnomalies = (view: View, claim: PersistentVolumeClaim): readonly Anomaly[] => {
  const { phase } = claim.status ?? {};
  const { namespace, name, creationTimestamp } = claim.metadata;
  const isNamed = view
    .all(Pods, namespace)
    .some(({ spec }) => spec.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === name));
  if ((phase !== "Pending" && phase !== "Lost") || (phase === "Pending" && !isNamed)) return [];
  const sinceMs = fromTimestamp(creationTimestamp);
  const event = view.eventsOf(referenceTo(claim)).find(({ type }) => type === "Warning");
  return [
    {
      kind: "ClaimNotBound",
      object: referenceTo(claim),
      text: `its phase is ${phase}${event === undefined ? "" : `: ${event.message}`}`,
      severity: "degraded",
      sinceMs,
      isYoung: event === undefined && isYoungSince(view.now, sinceMs),
    },
  ];
};

const serviceAnomalies = (view: View, service: Service): readonly Anomaly[] => {
  const { selector, type } = service.spec;
  if (selector === undefined || Object.keys(selector).length === 0 || type === "ExternalName") return [];
  if (view.podsBehind(service).length > 0) return [];
  const sinceMs = fromTimestamp(service.metadata.creationTimestamp);
  return [
    {
      kind: "ServiceWithoutPods",
      object: referenceTo(service),
      text: "its selector matches no pod",
      severity: "latent",
      sinceMs,
      isYoung: isYoungSince(view.now, sinceMs),
    },
  ];
};

const jobAnomalies = (job: Job): readonly Anomaly[] => {
  const failed = job.status?.conditions?.find(({ type, status }) => type === "Failed" && status === "True");
  if (failed === undefined) return [];
  const sinceMs = fromTimestamp(failed.lastTransitionTime);
  const text = [failed.reason, failed.message].filter((each) => each !== undefined).join(": ");
  return [
    {
      kind: "JobFailed",
      object: referenceTo(job),
      text: text === "" ? "failed" : text,
      severity: "degraded",
      sinceMs,
      isYoung: false,
    },
  ];
};

export interface Accounting<F> {
  readonly explained: readonly { readonly anomaly: Anomaly; readonly by: F }[];
  readonly inProgress: readonly Anomaly[];
  readonly unexplained: readonly Anomaly[];
}

/** Guarantee: every anomaly is in exactly one of the three lists. */
export const accountFor = <F extends Pick<Finding, "object" | "explains">>(
  view: View,
  anomalies: readonly Anomaly[],
  findings: readonly F[],
): Accounting<F> => {
  const explained: { anomaly: Anomaly; by: F }[] = [];
  const inProgress: Anomaly[] = [];
  const unexplained: Anomaly[] = [];
  const relatedTo = new Map<string, (finding: F) => boolean>();
  const isRelated = (object: Reference): ((finding: F) => boolean) => {
    const text = referenceText(object);
    const known = relatedTo.get(text) ?? concerning(view, object);
    relatedTo.set(text, known);
    return known;
  };
  for (const anomaly of anomalies) {
    const by = findings.find(isRelated(anomaly.object));
    if (by !== undefined) explained.push({ anomaly, by });
    else (anomaly.isYoung ? inProgress : unexplained).push(anomaly);
  }
  return { explained, inProgress, unexplained };
};
