// Which findings have to do with one object: those on it, on what owns it or belongs to it, and those that explain its trouble. Pure.
import type { Reference } from "#api/fields.ts";
import { HorizontalPodAutoscalers, PersistentVolumeClaims, PodDisruptionBudgets, type Pod, Pods, Services } from "#api/kubernetes.ts";
import { type KubeObject, referenceText, controllerOf } from "#api/object.ts";
import { selects } from "#api/selectors.ts";
import { claimants } from "#diagnosis/claimants.ts";
import type { Finding } from "#diagnosis/finding.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

export const concerning = (view: View, target: Reference): ((finding: Pick<Finding, "object" | "explains">) => boolean) => {
  const family = familyOf(view, target);
  return ({ object, explains = [] }) => [object, ...explains].some((each) => family.has(referenceText(each)));
};

/** The object, its owners, what it owns, the Services or workloads on the other side of a selector, and the workload that it scales, guards or stores for. */
const familyOf = (view: View, target: Reference): ReadonlySet<string> => {
  const family = new Set([referenceText(target)]);
  const add = (object: KubeObject): void => void family.add(referenceText(referenceTo(object)));
  const { objects } = view.evidence;
  const own = objects.find((object) => referenceText(referenceTo(object)) === referenceText(target));
  const byUid = new Map(objects.map((object) => [object.metadata.uid, object]));
  for (let at = own; at !== undefined;) {
    add(at);
    const owner: string | undefined = controllerOf(at)?.uid;
    at = owner === undefined ? undefined : byUid.get(owner);
  }
  for (const workload of view.workloads) {
    if (!family.has(referenceText(workload.reference))) continue;
    for (const pod of workload.pods) add(pod);
    for (const service of view.servicesOf(workload)) add(service);
  }
  for (const pod of own === undefined ? [] : podsServed(view, own)) {
    add(pod);
    const workload = view.workloadOf(pod);
    if (workload !== undefined) family.add(referenceText(workload.reference));
  }
  if (own?.kind === "Node") for (const pod of view.all(Pods).filter((each) => each.spec.nodeName === own.metadata.name)) add(pod);
  return family;
};

/** Pods that an object which is no workload is there for. */
const podsServed = (view: View, own: KubeObject): readonly Pod[] => {
  const { uid, namespace } = own.metadata;
  const isOwn = (each: KubeObject): boolean => each.metadata.uid === uid;
  switch (own.kind) {
    case "Service":
      return view.all(Services).filter(isOwn).flatMap(view.podsBehind);
    case "PodDisruptionBudget":
      return view
        .all(PodDisruptionBudgets, namespace)
        .filter(isOwn)
        .flatMap(({ spec }) => view.all(Pods, namespace).filter(({ metadata }) => selects(spec.selector, metadata.labels)));
    case "HorizontalPodAutoscaler":
      return view
        .all(HorizontalPodAutoscalers, namespace)
        .filter(isOwn)
        .flatMap(({ spec }) =>
          view.workloads
            .filter(({ reference }) => reference.kind === spec.scaleTargetRef.kind && reference.name === spec.scaleTargetRef.name)
            .flatMap(({ reference, pods }) => (reference.namespace === namespace ? pods : [])),
        );
    case "PersistentVolumeClaim":
      return view
        .all(PersistentVolumeClaims, namespace)
        .filter(isOwn)
        .flatMap((claim) => claimants(view, claim).flatMap((each) => view.workload(each)?.pods ?? []));
    default:
      return [];
  }
};
