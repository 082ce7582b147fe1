// Pods as `kubectl get pods` shows them: how many of their containers are ready, and the one word for what they do.
import { expect } from "vitest";
import { type Body } from "#test/contract/cluster.ts";
import { core, type Part } from "#test/contract/samples.ts";
import { missingImage } from "#test/contract/workloads/programs.ts";
import {
  createPod,
  hasPhase,
  isRunning,
  isWaiting,
  podOf,
  runs,
  scripted,
  untilPod,
} from "#test/contract/workloads/scripted-containers.ts";
import { type WorkloadCase, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const asTable = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };

const shown = (
  name: string,
  pod: Part,
  when: (object: Body) => boolean,
  [ready, status, restarts]: readonly [string, string, RegExp],
): WorkloadCase => ({
  name,
  run: async (cluster, namespace) => {
    await createPod(cluster, namespace, pod);
    await untilPod(cluster, namespace, when);
    const { body } = await cluster.get(core(namespace, "pods", "a"), asTable);
    const { cells } = (body as unknown as { rows: readonly { cells: readonly unknown[] }[] }).rows[0]!;
    expect(cells.slice(0, 3)).toEqual(["a", ready, status]);
    expect(String(cells[3])).toMatch(restarts);
  },
});

const never = { restartPolicy: "Never" };
const ends = (code: number, extra: Part = {}): Part => scripted(`exit ${code}`, { exit: { code } }, extra);

export const podTable: WorkloadTopic = {
  title: "Pods in a table",
  cases: [
    shown("one that runs", podOf(runs()), isRunning, ["1/1", "Running", /^0$/]),
    shown("one that has done its work", podOf(ends(0), never), hasPhase("Succeeded"), ["0/1", "Completed", /^0$/]),
    shown("one that has failed", podOf(ends(3), never), hasPhase("Failed"), ["0/1", "Error", /^0$/]),
    shown("one that cannot start", podOf(runs({ image: missingImage })), isWaiting("ErrImagePull"), ["0/1", "ErrImagePull", /^0$/]),
    shown("one that ends again and again", podOf(ends(3)), isWaiting("CrashLoopBackOff"), ["0/1", "CrashLoopBackOff", /^\d+/]),
  ],
};
