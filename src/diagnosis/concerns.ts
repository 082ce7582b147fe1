// Which findings have to do with one object: those on it, on what owns it or belongs to it, and those that explain its trouble. Pure.
import type { Reference } from "#api/fields.ts";
import { Pods, Services } from "#api/kubernetes.ts";
import { type KubeObject, referenceText } from "#api/object.ts";
import type { Finding } from "#diagnosis/finding.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

export const concerning = (view: View, target: Reference): ((finding: Pick<Finding, "object" | "explains">) => boolean) => {
  const family = familyOf(view, target);
  return ({ object, explains = [] }) => [object, ...explains].some((each) => family.has(referenceText(each)));
};

/** The object, its owners, what it owns, and the Services or workloads on the other side of a selector. */
const familyOf = (view: View, target: Reference): ReadonlySet<string> => {
  const family = new Set([referenceText(target)]);
  const add = (object: KubeObject): void => void family.add(referenceText(referenceTo(object)));
  const { objects } = view.evidence;
  const own = objects.find((object) => referenceText(referenceTo(object)) === referenceText(target));
  const byUid = new Map(objects.map((object) => [object.metadata.uid, object]));
  for (let at = own; at !== undefined;) {
    add(at);
    const owner: string | undefined = at.metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;
    at = owner === undefined ? undefined : byUid.get(owner);
  }
  for (const workload of view.workloads) {
    if (!family.has(referenceText(workload.reference))) continue;
    for (const pod of workload.pods) add(pod);
    for (const service of view.servicesOf(workload)) add(service);
  }
  if (own?.kind === "Service")
    for (const service of view.all(Services).filter((each) => each.metadata.uid === own.metadata.uid))
      for (const pod of view.podsBehind(service)) {
        add(pod);
        const workload = view.workloadOf(pod);
        if (workload !== undefined) family.add(referenceText(workload.reference));
      }
  if (own?.kind === "Node") for (const pod of view.all(Pods).filter((each) => each.spec.nodeName === own.metadata.name)) add(pod);
  return family;
};
