// Which pod is whose: one worker for each pod on a machine, woken when the pod or something it mounts has changed. Knows no containers.
import type { Clock, Random } from "#lib/clock.ts";
import type { Change } from "#embedded/object-store.ts";
import type { Stored } from "#embedded/json.ts";
import type { EventRecorder } from "#embedded/event-recorder.ts";
import type { Behave, Pull } from "#embedded/nodes/behaviour.ts";
import { nodeNameOf } from "#embedded/nodes/pod-requests.ts";
import { type NodeRuntime, type PodWorker, createPodWorker } from "#embedded/nodes/pod-worker.ts";
import { podsOf } from "#embedded/resources.ts";
import { type SystemClient, refusalOf } from "#embedded/system-client.ts";
import type { ServerContext } from "#embedded/server-context.ts";

export interface Kubelets {
  note(change: Change): void;
  /** Lets every pod that was noted be looked at. */
  run(): void;
  /** The machine is on again. */
  wake(nodeName: string): void;
  workerOf(uid: string): PodWorker | undefined;
}

export interface KubeletDeps {
  readonly world: ServerContext;
  readonly clock: Clock;
  readonly random: Random;
  readonly client: SystemClient;
  readonly maxBackoffMs: number;
  machine(name: string): NodeRuntime | undefined;
  eventsOf(nodeName: string): EventRecorder;
  token(pod: Stored): string;
  readonly behave: Behave;
  readonly pull: Pull;
}

interface Hosted {
  readonly worker: PodWorker;
  readonly nodeName: string;
}

export const createKubelets = (deps: KubeletDeps): Kubelets => {
  const { world, client } = deps;
  const hosted = new Map<string, Hosted>();
  const due = new Set<string>();

  const host = (pod: Stored): void => {
    const nodeName = nodeNameOf(pod);
    const machine = deps.machine(nodeName);
    if (machine === undefined) return;
    const { namespace, name, uid } = pod.metadata;
    const worker = createPodWorker(
      {
        ...deps,
        node: machine,
        read: () => world.find(podsOf, namespace, name),
        behave: (context) => deps.behave(context) ?? {},
        pull: (context) => deps.pull(context) ?? {},
        report: (report) => deps.eventsOf(nodeName).record(report),
        writeStatus: (object, status) => void refusalOf(() => client.setStatus(object, status)),
        remove: (object) => void refusalOf(() => client.remove(object, { gracePeriodSeconds: 0 })),
      },
      pod,
    );
    hosted.set(uid, { worker, nodeName });
  };

  return {
    note: ({ storageKey, type, object, previous }) => {
      if (storageKey !== "/pods") return;
      const { uid } = object.metadata;
      if (type === "DELETED") {
        hosted.get(uid)?.worker.discard();
        hosted.delete(uid);
        due.delete(uid);
        return;
      }
      if (nodeNameOf(object) === "") return;
      // What it writes about itself tells a kubelet nothing.
      const isNews =
        !hosted.has(uid) ||
        previous === undefined ||
        object.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp ||
        object.metadata.deletionGracePeriodSeconds !== previous.metadata.deletionGracePeriodSeconds ||
        object.metadata.generation !== previous.metadata.generation;
      if (!isNews) return;
      if (!hosted.has(uid)) host(object);
      due.add(uid);
    },
    run: () => {
      const uids = [...due];
      due.clear();
      for (const uid of uids) hosted.get(uid)?.worker.look();
    },
    wake: (nodeName) => {
      for (const [uid, each] of hosted) if (each.nodeName === nodeName) due.add(uid);
    },
    workerOf: (uid) => hosted.get(uid)?.worker,
  };
};
