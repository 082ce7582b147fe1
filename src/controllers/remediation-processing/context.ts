// What surrounds a target, as one bounded value that an analysis can stand on alone. Pure; text out of the cluster is data and is redacted.
import type { Reference } from "#api/fields.ts";
import type { Context, ContainerState } from "#api/kinds/remediation-processing.ts";
import type { KubeObject, ObjectReference } from "#api/object.ts";
import type { CachedDeployment, CachedPod, CachedReplicaSet } from "#cluster/cached-kinds.ts";
import type { Cached, CachedContainer } from "#cluster/cached-parts.ts";
import { managedBy } from "#cluster/managed-by.ts";
import { type Surroundings, neighboursOf } from "#cluster/neighbours.ts";
import { revisionsOf } from "#cluster/revisions.ts";
import { type ReplicaCounts, replicasOf } from "#cluster/workload-shape.ts";
import { redact } from "#lib/redact.ts";

export interface ContextParts {
  readonly target: ObjectReference;
  /** As the caches hold it. */
  readonly object: KubeObject | "absent" | "not looked for";
  /** From the reported object to the target. */
  readonly ownerChain: readonly Reference[];
  readonly replicaSets: readonly CachedReplicaSet[];
  readonly around: Surroundings;
}

const maxContainers = 50;
const maxRevisions = 10;
const maxOwners = 10;

export const contextOf = ({ target, object: found, ownerChain, replicaSets, around }: ContextParts): Context => {
  const object = typeof found === "string" ? undefined : found;
  const counts = object && replicasOf(object);
  // What the caches keep has its manager read already.
  const owner = object && ((object as Cached).managedBy ?? managedBy(object));
  return {
    ...(found === "not looked for" ? {} : { exists: object !== undefined }),
    ...(object === undefined ? {} : { uid: object.metadata.uid }),
    ownerChain: ownerChain.slice(0, maxOwners),
    ...(counts === undefined ? {} : { replicas: replicaCounts(counts) }),
    containers: containersOf(around.pods),
    neighbours: neighboursOf(target, object, around),
    revisions: object?.kind === "Deployment" ? revisions(object as CachedDeployment, replicaSets) : [],
    ...(owner === undefined ? {} : { managedBy: owner }),
  };
};

const replicaCounts = ({ desired, ready, updated, available }: ReplicaCounts): Context["replicas"] => ({
  desired,
  ready,
  updated,
  available,
});

/** Those in trouble first: what the bound cuts off is the healthy rest. */
const containersOf = (pods: readonly CachedPod[]): ContainerState[] =>
  pods
    .flatMap((pod) =>
      [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].map((status) => containerOf(pod, status)),
    )
    .toSorted((a, b) => Number(a.ready) - Number(b.ready) || b.restarts - a.restarts || (a.pod < b.pod ? -1 : 1))
    .slice(0, maxContainers);

const containerOf = (pod: CachedPod, { name, image, state, lastState, restartCount, ready }: CachedContainer): ContainerState => {
  // Between two crashes a container runs or waits; what it last died of is what matters.
  const ended = state?.terminated ?? lastState?.terminated;
  const detail = state?.waiting ?? ended;
  return {
    pod: pod.metadata.name,
    container: name,
    image: image.slice(0, 512),
    state: state?.running ? "Running" : state?.waiting ? "Waiting" : state?.terminated ? "Terminated" : "Unknown",
    ...(detail?.reason === undefined ? {} : { reason: detail.reason.slice(0, 128) }),
    ...(ended === undefined ? {} : { exitCode: ended.exitCode }),
    restarts: restartCount,
    ready,
  };
};

const revisions = (deployment: CachedDeployment, replicaSets: readonly CachedReplicaSet[]): Context["revisions"] =>
  revisionsOf(deployment, replicaSets)
    .slice(0, maxRevisions)
    .map(({ revision, object, createdAt, images, current, changeCause }) => ({
      revision,
      object,
      createdAt,
      images,
      current,
      ...(changeCause === undefined ? {} : { changeCause: redact(changeCause).slice(0, 256) }),
    }));
