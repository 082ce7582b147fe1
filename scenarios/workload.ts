// The scenario's own objects on the cluster: applying them as a person would, reading them back, telling whether they are healthy.
import { ConfigMaps, type Deployment, Deployments, Services } from "#api/kubernetes.ts";
import type { KubeObject, ResourceType } from "#api/object.ts";
import { ENVIRONMENT_LABEL, MANAGED_LABEL } from "#api/labels.ts";
import type { Kube } from "#kube/client.ts";
import { type Clock, delay } from "#lib/clock.ts";
import { type Contents, contentName } from "#scenarios/check-expectation.ts";
import type { UserActions } from "#scenarios/user-actions.ts";
import type { ObjectName, Operation, Scenario } from "#scenarios/scenario.ts";
import { type Waiting, watchUntil } from "#scenarios/watch-until.ts";

type WithContent = KubeObject & { spec?: unknown; data?: unknown };
const types: Readonly<Record<ObjectName["kind"], ResourceType<WithContent>>> = {
  Deployment: Deployments,
  ConfigMap: ConfigMaps,
  Service: Services,
};

export const createNamespace = (userActions: UserActions, name: string, environment: string): Promise<void> => {
  const labels = { [MANAGED_LABEL]: "true", [ENVIRONMENT_LABEL]: environment };
  return userActions.apply(JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } }));
};

export const operate = (
  { userActions, clock }: { readonly userActions: UserActions; readonly clock: Clock },
  scenario: Scenario,
  operation: Operation,
  namespace: string,
): Promise<void> => {
  if ("waitSeconds" in operation) return delay(clock, operation.waitSeconds * 1000);
  if ("apply" in operation) return userActions.apply(scenario.manifests[operation.apply] ?? "", namespace);
  return userActions.deletePods(namespace, operation.deletePods);
};

/** As `kubectl rollout status` means it: the newest template everywhere, every replica available, no old pod left. */
export const isHealthy = (deployment: Deployment): boolean => {
  const { status } = deployment;
  const replicas = deployment.spec.replicas ?? 1;
  return (
    (status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0) &&
    (status?.replicas ?? 0) === replicas &&
    (status?.updatedReplicas ?? 0) === replicas &&
    (status?.availableReplicas ?? 0) === replicas
  );
};

export const untilAllHealthy = (waiting: Waiting, namespace: string): Promise<true> =>
  watchUntil(waiting, Deployments, { namespace }, (deployments) =>
    deployments.length > 0 && deployments.every(isHealthy) ? true : undefined,
  );

/** Whether it becomes healthy within the time. */
export const becomesHealthy = async (waiting: Waiting, namespace: string, name: string): Promise<boolean> => {
  const scope = { namespace, fieldSelector: `metadata.name=${name}` };
  try {
    return await watchUntil(waiting, Deployments, scope, (deployments) => (deployments.some(isHealthy) ? true : undefined));
  } catch {
    return false;
  }
};

/** What people wrote into these objects; what does not exist is left out. */
export const readContents = async (kube: Kube, namespace: string, objects: readonly ObjectName[]): Promise<Contents> => {
  const read = async (object: ObjectName): Promise<readonly (readonly [string, unknown])[]> => {
    const found = await kube.get<WithContent>(types[object.kind], { namespace, name: object.name });
    return found === undefined ? [] : [[contentName(object), found.spec ?? found.data]];
  };
  return Object.fromEntries((await Promise.all(objects.map(read))).flat());
};
