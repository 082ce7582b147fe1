import { expect, test } from "vitest";
import { managedBy } from "#cluster/managed-by.ts";

const web = (labels: Record<string, string>, annotations: Record<string, string> = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    name: "web",
    namespace: "shop",
    uid: "u",
    resourceVersion: "1",
    creationTimestamp: "2030-01-01T00:00:00Z",
    labels,
    annotations,
  },
});
const helmMarks = [
  { "app.kubernetes.io/managed-by": "Helm" },
  { "meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "apps" },
] as const;
const tracking = "argocd.argoproj.io/tracking-id";

const controlled = (apiVersion: string, kind: string) => {
  const object = web({}, { [tracking]: "store:apps/Deployment:shop/web" });
  return { ...object, metadata: { ...object.metadata, ownerReferences: [{ apiVersion, kind, name: "db", uid: "o", controller: true }] } };
};

test.each<[string, ReturnType<typeof web>, string | undefined]>([
  ["no tool", web({}), undefined],
  ["Argo CD by its tracking annotation", web({}, { [tracking]: "store:apps/Deployment:shop/web" }), "Argo CD store"],
  ["Argo CD by its own label", web({ "argocd.argoproj.io/instance": "store" }), "Argo CD store"],
  ["not Argo CD where the annotation was copied from another object", web({}, { [tracking]: "store:apps/Deployment:shop/api" }), undefined],
  ["not Argo CD by the label that everybody uses", web({ "app.kubernetes.io/instance": "store" }), undefined],
  [
    "Flux by a Kustomization",
    web({ "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system" }),
    "Flux Kustomization flux-system/apps",
  ],
  [
    "Flux by a HelmRelease, though it carries Helm's marks too",
    web({ "helm.toolkit.fluxcd.io/name": "web", "helm.toolkit.fluxcd.io/namespace": "shop", ...helmMarks[0] }, helmMarks[1]),
    "Flux HelmRelease shop/web",
  ],
  ["Helm by label and annotations", web(...helmMarks), "Helm apps/web"],
  ["Helm without the release's namespace", web(helmMarks[0], { "meta.helm.sh/release-name": "web" }), "Helm shop/web"],
  ["an operator, though Argo CD marks it", controlled("acid.zalan.do/v1", "postgresql"), "operator postgresql shop/db"],
  ["not an operator by a built-in controller", controlled("apps/v1", "ReplicaSet"), "Argo CD store"],
  ["not an operator by a node", controlled("v1", "Node"), "Argo CD store"],
  ["not an operator by a kind of Kubernetes' own", controlled("gateway.networking.k8s.io/v1", "Gateway"), "Argo CD store"],
  ["not Helm by the label alone", web(helmMarks[0]), undefined],
])("%s", (_name, object, expected) => {
  const found = managedBy(object);
  expect(found && `${found.tool} ${found.object}`).toBe(expected);
});

test("each says what it forbids", () => {
  expect(managedBy(web(...helmMarks))?.forbids).toContain("the next upgrade overwrites");
  expect(managedBy(controlled("acid.zalan.do/v1", "postgresql"))?.forbids).toContain("change the resource that controls it");
});
