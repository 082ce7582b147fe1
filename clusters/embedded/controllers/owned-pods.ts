// Pods and their controllers: the reference to the owner, which owner a change concerns, making and deleting pods with the events about both.
import { type Pod, type PodTemplate, Pods } from "#api/kubernetes.ts";
import { type Key, type KubeObject, type NewObject, type OwnerReference, keyOf } from "#api/object.ts";
import type { Identity } from "#embedded/controllers/control-plane.ts";
import { ownedBy } from "#kube/ensure.ts";

export const controllerReference = (owner: KubeObject): OwnerReference => ({ ...ownedBy(owner), blockOwnerDeletion: true });

/** The controller of an object, where it is of this kind. */
export const ownersOf =
  (kind: string) =>
  ({ metadata: { namespace = "", ownerReferences } }: KubeObject): readonly Key[] =>
    (ownerReferences ?? []).flatMap((each) => (each.controller === true && each.kind === kind ? [{ namespace, name: each.name }] : []));

export const isFinished = ({ status }: Pod): boolean => status?.phase === "Succeeded" || status?.phase === "Failed";
export const isTerminating = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;
/** Counts as one of its owner's. */
export const isActive = (pod: Pod): boolean => !isFinished(pod) && !isTerminating(pod);
export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false;

export const createPod = async ({ kube, events }: Identity, owner: KubeObject, template: PodTemplate): Promise<void> => {
  const { labels, annotations } = template.metadata ?? {};
  const { name, namespace } = owner.metadata;
  const metadata = { generateName: `${name}-`, namespace, labels, annotations, ownerReferences: [controllerReference(owner)] };
  const pod = { apiVersion: "v1", kind: "Pod", metadata, spec: template.spec };
  try {
    const created = await kube.create(Pods, pod as unknown as NewObject<Pod>);
    events.record({ about: aboutOf(owner), type: "Normal", reason: "SuccessfulCreate", message: `Created pod: ${created.metadata.name}` });
  } catch (error) {
    events.record({ about: aboutOf(owner), type: "Warning", reason: "FailedCreate", message: `Error creating: ${answerIn(error)}` });
    throw error;
  }
};

/** What the server said, without the call that it refused. */
const answerIn = (error: unknown): string => (error instanceof Error ? error.message.replace(/^[^:]*: /, "") : "");

export const deletePod = async ({ kube, events }: Identity, owner: KubeObject, pod: Pod): Promise<void> => {
  await kube.delete(Pods, keyOf(pod), { uid: pod.metadata.uid });
  events.record({ about: aboutOf(owner), type: "Normal", reason: "SuccessfulDelete", message: `Deleted pod: ${pod.metadata.name}` });
};

export const aboutOf = ({ apiVersion, kind, metadata: { namespace, name, uid } }: KubeObject) => ({
  apiVersion,
  kind,
  namespace,
  name,
  uid,
});
