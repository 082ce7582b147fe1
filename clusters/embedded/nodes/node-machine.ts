// One machine: registers its Node, renews its Lease, and has a power switch for its kubelet. Runs no pods itself.
import type { Clock } from "#lib/clock.ts";
import { at, listOf, recordOf, textOf } from "#embedded/json.ts";
import type { EventRecorder } from "#embedded/event-recorder.ts";
import { type NodeShape, healthyConditions, nodeObject, nodeStatus } from "#embedded/nodes/node-objects.ts";
import type { NodeRuntime } from "#embedded/nodes/pod-worker.ts";
import { builtIn, nodesOf } from "#embedded/resources.ts";
import { type SystemClient, refusalOf } from "#embedded/system-client.ts";
import type { ServerContext } from "#embedded/server-context.ts";

export interface NodeMachine extends NodeRuntime {
  start(): void;
  stop(): void;
}

const renewMs = 10_000;
const leasesOf = builtIn("coordination.k8s.io/v1", "Lease");
const leaseNamespace = "kube-node-lease";

export interface MachineDeps {
  readonly world: ServerContext;
  readonly clock: Clock;
  readonly kubelet: SystemClient;
  readonly events: EventRecorder;
  /** Whether the Lease is renewed: without it nothing is left to do in a cluster at rest. */
  readonly heartbeats: "renewed" | "none";
}

export const createNodeMachine = (deps: MachineDeps, shape: NodeShape, index: number): NodeMachine => {
  const { world, clock, kubelet, events } = deps;
  const { name } = shape;
  const ip = `10.0.0.${10 + index}`;
  let isRunning = false;
  let addresses = 1;
  let cancel = (): void => {};
  const about = { apiVersion: "", kind: "Node", metadata: { name, uid: name, resourceVersion: "", creationTimestamp: "" } };

  const renew = (): void => {
    const renewTime = new Date(clock.now()).toISOString().replace("Z", "000Z");
    const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime };
    const node = world.find(nodesOf, undefined, name);
    if (node === undefined) return;
    const lease = world.find(leasesOf, leaseNamespace, name);
    const ownerReferences = [{ apiVersion: "v1", kind: "Node", name, uid: node.metadata.uid }];
    refusalOf(() =>
      lease === undefined
        ? kubelet.create(leasesOf, leaseNamespace, { metadata: { name, ownerReferences }, spec })
        : kubelet.update(lease, (old) => ({ ...old, spec })),
    );
    if (deps.heartbeats === "renewed") cancel = clock.after(renewMs, renew);
  };

  const register = (): void => {
    if (world.find(nodesOf, undefined, name) === undefined) refusalOf(() => kubelet.create(nodesOf, undefined, nodeObject(shape)));
    const node = world.find(nodesOf, undefined, name);
    if (node === undefined) return;
    const before = listOf(at(node, "status", "conditions"));
    const conditions = healthyConditions(world.timestamp(), (type, status) => {
      const same = before.find((item) => at(item, "type") === type && at(item, "status") === status);
      return same === undefined ? undefined : textOf(at(same, "lastTransitionTime"));
    });
    refusalOf(() => kubelet.setStatus(node, { ...recordOf(node["status"]), ...nodeStatus(shape, ip, conditions) }));
  };

  return {
    name,
    ip,
    images: new Set(),
    isRunning: () => isRunning,
    nextPodIp: () => {
      addresses += 1;
      return `10.${128 + index}.${Math.floor(addresses / 256)}.${addresses % 256}`;
    },
    start: () => {
      if (isRunning) return;
      isRunning = true;
      events.record({ about, type: "Normal", reason: "Starting", message: "Starting kubelet." });
      register();
      events.record({ about, type: "Normal", reason: "NodeReady", message: `Node ${name} status is now: NodeReady` });
      renew();
    },
    stop: () => {
      isRunning = false;
      cancel();
    },
  };
};
