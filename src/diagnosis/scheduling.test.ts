// Which nodes a pod's own wishes leave, and which taints keep it away: the rules of kube-scheduler's NodeAffinity and TaintToleration.
import { describe, expect, test } from "vitest";
import type { Node, PodSpec } from "#api/kubernetes.ts";
import { isControlPlane, matchesAffinity, matchesSelector, untolerated } from "#diagnosis/scheduling.ts";

const node = (labels: Record<string, string>, spec: Node["spec"] = {}): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "n1", uid: "u", resourceVersion: "1", creationTimestamp: "2030-01-01T00:00:00Z", labels },
  spec,
});
const pod = (wishes: object): PodSpec => ({ containers: [{ name: "c", image: "i" }], ...wishes });

describe("a required node affinity", () => {
  type Term = { readonly matchExpressions?: readonly object[]; readonly matchFields?: readonly object[] };
  const wanting = (...nodeSelectorTerms: readonly Term[]): PodSpec =>
    pod({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } });
  const expression = (operator: string, ...values: readonly string[]): Term => ({
    matchExpressions: [{ key: "disk", operator, ...(values.length === 0 ? {} : { values }) }],
  });

  test.each<[string, Term, Record<string, string>, boolean]>([
    ["In, one of the values", expression("In", "ssd", "nvme"), { disk: "nvme" }, true],
    ["In, another value", expression("In", "ssd"), { disk: "hdd" }, false],
    ["In, without the label", expression("In", "ssd"), {}, false],
    ["NotIn, another value", expression("NotIn", "hdd"), { disk: "ssd" }, true],
    ["NotIn, that value", expression("NotIn", "hdd"), { disk: "hdd" }, false],
    ["NotIn, without the label", expression("NotIn", "hdd"), {}, true],
    ["Exists, whatever the value", expression("Exists"), { disk: "" }, true],
    ["Exists, without the label", expression("Exists"), {}, false],
    ["DoesNotExist, without the label", expression("DoesNotExist"), {}, true],
    ["DoesNotExist, with it", expression("DoesNotExist"), { disk: "ssd" }, false],
    ["Gt, as a number and not as text", expression("Gt", "9"), { disk: "10" }, true],
    ["Gt, the same number", expression("Gt", "10"), { disk: "10" }, false],
    ["Lt, a smaller number", expression("Lt", "10"), { disk: "9" }, true],
    ["Lt, without the label", expression("Lt", "10"), {}, false],
    ["Gt, what is no number", expression("Gt", "9"), { disk: "many" }, false],
    ["an operator that there is not", expression("Near", "9"), { disk: "9" }, false],
  ])("%s", (_, term, labels, expected) => {
    expect(matchesAffinity(wanting(term), node(labels))).toBe(expected);
  });

  test.each<[string, PodSpec, boolean]>([
    ["no affinity leaves every node", pod({}), true],
    ["terms are alternatives", wanting(expression("In", "hdd"), expression("In", "ssd")), true],
    [
      "all expressions of one term have to hold",
      wanting({ matchExpressions: [...(expression("In", "ssd").matchExpressions ?? []), { key: "zone", operator: "Exists" }] }),
      false,
    ],
    ["an empty term leaves no node", wanting({}), false],
    ["a field is the node's name", wanting({ matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] }), true],
    ["the name of another node", wanting({ matchFields: [{ key: "metadata.name", operator: "In", values: ["n2"] }] }), false],
    ["a field that there is not", wanting({ matchFields: [{ key: "spec.podCIDR", operator: "In", values: ["n1"] }] }), false],
  ])("%s", (_, spec, expected) => {
    expect(matchesAffinity(spec, node({ disk: "ssd" }))).toBe(expected);
  });
});

test.each<[string, Record<string, string>, boolean]>([
  ["nothing", {}, true],
  ["a label that the node has", { disk: "ssd" }, true],
  ["one that it has with another value", { disk: "hdd" }, false],
  ["one that it has and one that it has not", { disk: "ssd", zone: "a" }, false],
])("a node selector of %s", (_, nodeSelector, expected) => {
  expect(matchesSelector(pod({ nodeSelector }), node({ disk: "ssd" }))).toBe(expected);
});

describe("a taint", () => {
  const taint = { key: "dedicated", value: "batch", effect: "NoSchedule" };
  test.each<[string, object[], boolean]>([
    ["no toleration", [], false],
    ["the same key, value and effect", [{ key: "dedicated", operator: "Equal", value: "batch", effect: "NoSchedule" }], true],
    ["Equal by default", [{ key: "dedicated", value: "batch", effect: "NoSchedule" }], true],
    ["any effect by default", [{ key: "dedicated", value: "batch" }], true],
    ["any effect where it is empty", [{ key: "dedicated", value: "batch", effect: "" }], true],
    ["another effect", [{ key: "dedicated", value: "batch", effect: "NoExecute" }], false],
    ["another value", [{ key: "dedicated", value: "web" }], false],
    ["the key alone, with Exists", [{ key: "dedicated", operator: "Exists" }], true],
    ["another key, with Exists", [{ key: "gpu", operator: "Exists" }], false],
    ["everything: Exists without a key", [{ operator: "Exists" }], true],
    ["everything: Exists with an empty key", [{ key: "", operator: "Exists" }], true],
    ["Equal without a key means nothing", [{ value: "batch" }], false],
  ])("is tolerated or not by %s", (_, tolerations, expected) => {
    const left = untolerated(pod({ tolerations }), node({}, { taints: [taint] }));
    expect(left).toEqual(expected ? [] : [taint]);
  });

  test("without a value is tolerated without one", () => {
    const plain = { key: "maintenance", effect: "NoExecute" };
    expect(untolerated(pod({ tolerations: [{ key: "maintenance" }] }), node({}, { taints: [plain] }))).toEqual([]);
  });

  test.each([
    ["that only prefers another node keeps no pod away", { key: "spot", effect: "PreferNoSchedule" }],
    ["of a cordon is the cordon's", { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }],
  ])("%s", (_, each) => {
    expect(untolerated(pod({}), node({}, { taints: [each] }))).toEqual([]);
  });
});

test.each<[string, Record<string, string>, boolean]>([
  ["the label that kubeadm sets", { "node-role.kubernetes.io/control-plane": "" }, true],
  ["the one before it", { "node-role.kubernetes.io/master": "" }, true],
  ["the one of kops", { "kubernetes.io/role": "control-plane" }, true],
  ["the role of a worker", { "kubernetes.io/role": "node", "node-role.kubernetes.io/worker": "" }, false],
  ["no label", {}, false],
])("the control plane is known by its labels: %s", (_, labels, expected) => {
  expect(isControlPlane(node(labels))).toBe(expected);
});
