// The half of a cluster that runs pods: machines, scheduler, kubelets, node controller, all woken by the store's changes a moment after them.
// Puts them together and decides nothing.
import type { Clock, Random } from "#lib/clock.ts";
import { type Stored, at, textOf } from "#embedded/json.ts";
import { type EventRecorder, createEventRecorder } from "#embedded/event-recorder.ts";
import { type Identities, issuer } from "#embedded/identity.ts";
import { createKubelets } from "#embedded/nodes/kubelets.ts";
import { createNodeMachine, type NodeMachine } from "#embedded/nodes/node-machine.ts";
import { createNodeViews } from "#embedded/nodes/node-view.ts";
import type { PodWorker } from "#embedded/nodes/pod-worker.ts";
import { createScheduler } from "#embedded/nodes/scheduler.ts";
import type { Workloads } from "#embedded/workloads.ts";
import { debounce } from "#embedded/debounce.ts";
import { createSystemClient } from "#embedded/system-client.ts";
import type { ServerContext } from "#embedded/server-context.ts";

export interface Nodes {
  workerOf(podUid: string): PodWorker | undefined;
}

export interface NodeDeps {
  readonly world: ServerContext;
  readonly clock: Clock;
  readonly random: Random;
  readonly identities: Identities;
}

export const startNodes = (deps: NodeDeps, options: Workloads): Nodes => {
  const { world, clock, random, identities } = deps;
  const views = createNodeViews();
  const scheduler = createScheduler(
    world,
    views,
    createSystemClient(world, "system:kube-scheduler", "kube-scheduler"),
    createEventRecorder(world, { component: "default-scheduler", api: "events.k8s.io" }),
  );
  const machines = new Map<string, NodeMachine>();
  const recorders = new Map<string, EventRecorder>();
  const eventsOf = (host: string): EventRecorder => {
    let recorder = recorders.get(host);
    if (recorder === undefined) recorders.set(host, (recorder = createEventRecorder(world, { component: "kubelet", host })));
    return recorder;
  };
  const kubelets = createKubelets({
    world,
    clock,
    random,
    client: createSystemClient(world, "system:nodes", "kubelet"),
    maxBackoffMs: options.maxBackoffMs ?? 300_000,
    machine: (name) => machines.get(name),
    eventsOf,
    token: (pod) => podToken(world, identities, pod),
    behave: options.behave ?? (() => undefined),
    pull: options.pull ?? (() => undefined),
  });

  const parts = [scheduler, kubelets];
  const plan = debounce(clock, () => {
    for (const part of parts) part.run();
  });
  world.store.onChange((change) => {
    if (change.storageKey === "/events" || change.storageKey.startsWith("coordination.k8s.io/")) return;
    views.note(change);
    for (const part of parts) part.note(change);
    plan();
  });
  const shapes = options.nodes ?? [{ name: "n1" }, { name: "n2" }];
  for (const [index, shape] of shapes.entries()) {
    const kubelet = createSystemClient(world, `system:node:${shape.name}`, "kubelet");
    const machine = createNodeMachine(
      { world, clock, kubelet, events: eventsOf(shape.name), heartbeats: options.heartbeats ?? "renewed" },
      shape,
      index,
    );
    machines.set(shape.name, machine);
    machine.start();
  }
  return { workerOf: kubelets.workerOf };
};

/** As the projected volume of every pod holds it: bound to the pod. */
const podToken = (world: ServerContext, identities: Identities, pod: Stored): string => {
  const { namespace = "", name, uid } = pod.metadata;
  const account = textOf(at(pod, "spec", "serviceAccountName")) || "default";
  const object = world.find({ group: "", plural: "serviceaccounts" }, namespace, account);
  if (object === undefined) return "";
  const issue = { namespace, account, accountUid: object.metadata.uid, audiences: [issuer], seconds: 3607, pod: { name, uid } };
  return identities.issue(issue).token;
};
