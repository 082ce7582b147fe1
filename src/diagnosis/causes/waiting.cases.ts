// Three cases for each cause of pods that wait: without a node, or without a volume.
import type { Pod } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { containerStatus, deployment, warning } from "#test/evidence-sketch.ts";
import { one, type CasesByCode, withPod } from "#test/three-cases/three-cases.ts";

const node = (name: string, { labels = "{}", spec = "{}" } = {}): KubeObject =>
  one(
    `{ apiVersion: v1, kind: Node, metadata: { name: ${name}, labels: ${labels} }, spec: ${spec}, status: { allocatable: { cpu: "4", memory: 8Gi }, conditions: [{ type: Ready, status: "True" }] } }`,
  );
const cordon = "{ unschedulable: true, taints: [{ key: node.kubernetes.io/unschedulable, effect: NoSchedule }] }";
const dedicated = "{ taints: [{ key: dedicated, value: batch, effect: NoSchedule }] }";
const requests = (cpu: string): object => ({ resources: { requests: { cpu } } });

/** A pod without a node; of what the scheduler says of it, nothing where there is no message. */
const unscheduled = (pod: object, message: string | undefined, nodes: readonly KubeObject[], cpu = "1"): Partial<Evidence> => {
  const conditions = message === undefined ? [] : [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }];
  const objects = withPod(deployment("web", requests(cpu), { pod }), { status: { phase: "Pending", conditions, containerStatuses: [] } });
  return {
    objects: [
      ...objects.map((object): KubeObject => {
        if (object.kind !== "Pod") return object;
        const { nodeName: _, ...spec } = (object as Pod).spec;
        return { ...object, spec } as Pod;
      }),
      ...nodes,
    ],
  };
};
const required = (terms: string, rule: object): object => ({
  affinity: { [terms]: { requiredDuringSchedulingIgnoredDuringExecution: rule } },
});
const affine = required("nodeAffinity", { nodeSelectorTerms: [{ matchExpressions: [{ key: "disk", operator: "In", values: ["ssd"] }] }] });
const apart = required("podAntiAffinity", [{ labelSelector: { matchLabels: { app: "web" } }, topologyKey: "kubernetes.io/hostname" }]);
const unmatched = "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.";
const cordoned = "0/2 nodes are available: 2 node(s) were unschedulable.";
const tainted = "0/2 nodes are available: 2 node(s) had untolerated taint {dedicated: batch}.";
const crowded = "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.";
const full = "0/2 nodes are available: 2 Insufficient cpu.";
const two = (more: Parameters<typeof node>[1] = {}): KubeObject[] => [node("a", more), node("b", more)];

const scheduling: CasesByCode = {
  NodeSelectorMatchesNothing: {
    holds: unscheduled({ nodeSelector: { disk: "ssd" } }, unmatched, two()),
    neighbour: "NodeAffinityMatchesNothing",
    contradicted: unscheduled({ nodeSelector: { disk: "ssd" } }, unmatched, two({ labels: "{ disk: ssd }" })),
  },
  NodeAffinityMatchesNothing: {
    holds: unscheduled(affine, unmatched, two()),
    neighbour: "NodeSelectorMatchesNothing",
    contradicted: unscheduled(affine, unmatched, two({ labels: "{ disk: ssd }" })),
  },
  NodeCordoned: {
    holds: unscheduled({}, cordoned, two({ spec: cordon })),
    neighbour: "TaintNotTolerated",
    contradicted: unscheduled({}, cordoned, two()),
  },
  TaintNotTolerated: {
    holds: unscheduled({}, tainted, two({ spec: dedicated })),
    neighbour: "NodeCordoned",
    contradicted: unscheduled({ tolerations: [{ key: "dedicated", operator: "Exists" }] }, tainted, two({ spec: dedicated })),
  },
  AntiAffinityConflict: {
    holds: unscheduled(apart, crowded, two()),
    neighbour: "CapacityInsufficient",
    contradicted: unscheduled(apart, "0/4 nodes are available: 1 node(s) didn't match pod anti-affinity rules, 3 Insufficient cpu.", two()),
  },
  CapacityInsufficient: {
    holds: unscheduled({}, full, two(), "6"),
    neighbour: "AntiAffinityConflict",
    contradicted: unscheduled({}, "0/4 nodes are available: 1 Insufficient cpu, 3 node(s) were unschedulable.", two({ spec: cordon })),
  },
  SchedulerDown: {
    holds: unscheduled({}, undefined, two()),
    neighbour: "CapacityInsufficient",
    contradicted: {
      ...unscheduled({}, undefined, two()),
      components: [{ component: "kube-scheduler", node: "cp", state: "running", text: "active (running)" }],
    },
  },
};

const mounting = deployment("web", {}, { pod: { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] } });
const rwo = "accessModes: [ReadWriteOnce]";
const claim = (spec: string, size = "1Gi", phase = "Pending"): KubeObject =>
  one(
    `{ apiVersion: v1, kind: PersistentVolumeClaim, metadata: { name: data }, spec: { storageClassName: "", resources: { requests: { storage: ${size} } }, ${spec} }, status: { phase: ${phase} } }`,
  );
const volume = (spec = rwo, phase = "Available", name = "disk"): KubeObject =>
  one(
    `{ apiVersion: v1, kind: PersistentVolume, metadata: { name: ${name}, labels: { tier: iron } }, spec: { storageClassName: "", capacity: { storage: 1Gi }, ${spec} }, status: { phase: ${phase} } }`,
  );
const taken = volume(`${rwo}, claimRef: { namespace: shop, name: other }`, "Bound");
const golden = `${rwo}, selector: { matchLabels: { tier: gold } }`;
const unbound = (...objects: readonly KubeObject[]): Partial<Evidence> => {
  const { objects: waiting = [] } = unscheduled(
    { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] },
    "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
    two(),
  );
  return { objects: [...waiting, ...objects] };
};
const ofClass = (name: string): KubeObject => {
  const made = claim(rwo);
  return { ...made, spec: { ...(made as unknown as { spec: object }).spec, storageClassName: name } } as KubeObject;
};
const byHand = (name: string): KubeObject =>
  one(`{ apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: { name: ${name} }, provisioner: kubernetes.io/no-provisioner }`);
const standard = one("{ apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: { name: standard }, provisioner: example.test/disk }");
const creating = {
  status: {
    phase: "Pending",
    conditions: [{ type: "Ready", status: "False" }],
    containerStatuses: [containerStatus("web", { waiting: { reason: "ContainerCreating" } })],
  },
};
const attached =
  'Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one node and can\'t be attached to another';

const attaching = (pods: KubeObject[]): Partial<Evidence> => ({
  objects: [...pods, claim(rwo, "1Gi", "Bound")],
  events: [warning(pods.at(-1)!, "FailedAttachVolume", attached)],
});

const storage: CasesByCode = {
  ClaimAccessModeMismatch: {
    holds: unbound(claim("accessModes: [ReadWriteMany]"), volume()),
    neighbour: "ClaimTooLarge",
    contradicted: unbound(claim("accessModes: [ReadWriteMany]"), volume(), volume("accessModes: [ReadWriteMany]", "Available", "shared")),
  },
  ClaimSelectorMatchesNothing: {
    holds: unbound(claim(golden), volume()),
    neighbour: "ClaimAccessModeMismatch",
    contradicted: unbound(claim(golden.replace("gold", "iron")), volume()),
  },
  ClaimTooLarge: {
    holds: unbound(claim(rwo, "5Gi"), volume()),
    neighbour: "VolumeOccupied",
    contradicted: unbound(claim(rwo, "5Gi", "Bound"), volume()),
  },
  VolumeOccupied: {
    holds: unbound(claim(rwo), taken),
    neighbour: "ClaimTooLarge",
    contradicted: unbound(claim(rwo), taken, volume(rwo, "Available", "free")),
  },
  ClaimClassMismatch: {
    holds: unbound(ofClass("local"), byHand("local"), volume()),
    neighbour: "StorageClassMissing",
    contradicted: unbound(ofClass("standard"), standard, volume()),
  },
  StorageClassMissing: {
    holds: unbound(ofClass("standart"), standard),
    neighbour: "ClaimTooLarge",
    contradicted: unbound(ofClass("standard"), standard),
  },
  VolumeMountFails: {
    holds: attaching(withPod(mounting, creating)),
    neighbour: "ReferenceMissing",
    contradicted: attaching(withPod(mounting)),
  },
};

export const cases: CasesByCode = { ...scheduling, ...storage };
