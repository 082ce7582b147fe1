import { expect, test } from "vitest";
import { Services } from "#api/kubernetes.ts";
import { createView, type View, viewOf } from "#diagnosis/view.ts";
import { symptomsOf } from "#diagnosis/symptoms.ts";
import { evidence, objects, podsOf, warning } from "#test/evidence-sketch.ts";

const [web, service] = objects(`
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: example.test/web:1 }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`);

test("a pod belongs to the Deployment behind its ReplicaSet, and the Service that selects it to both", () => {
  const pods = podsOf(web!, {}, {});
  const view = createView(evidence({ objects: [web!, service!, ...pods] }));
  expect(view.workloads).toHaveLength(1);
  expect(view.workloads[0]).toMatchObject({ reference: { kind: "Deployment", name: "web" }, desired: 2 });
  expect(view.workloads[0]!.pods).toHaveLength(2);
  expect(view.servicesOf(view.workloads[0]!).map(({ metadata }) => metadata.name)).toEqual(["web"]);
  expect(view.podsBehind(view.get(Services, "shop", "web")!)).toHaveLength(2);
  expect(symptomsOf(view)).toEqual([]);
});

test("events of a pod that is gone still belong to its workload, and never to one whose name only begins alike", () => {
  const pods = podsOf(web!, {});
  const gone = { ...pods[1]!, metadata: { ...pods[1]!.metadata, name: "web-7d9c5b8f6-gone1" } };
  const other = { ...pods[1]!, metadata: { ...pods[1]!.metadata, name: "web-api-66d8f9c5b-other" } };
  const events = [gone, other].map((pod) => warning(pod, "BackOff", "Back-off restarting failed container"));
  const view = createView(evidence({ objects: [web!, ...pods], events }));
  expect(view.eventsAround(view.workloads[0]!).map(({ object }) => object)).toEqual(["Pod shop/web-7d9c5b8f6-gone1"]);
});

test("what was not listed is not known to be absent", () => {
  const view = createView(evidence({ read: [{ kind: "Service", namespace: "shop" }] }));
  expect(view.knows(Services, "shop")).toBe(true);
  expect(view.knows(Services, "other")).toBe(false);
});

test("a Deployment none of whose pods exists, and the Service in front of it, show as symptoms", () => {
  const view = createView(evidence({ objects: [web!, service!] }));
  expect(symptomsOf(view).map(({ kind, object }) => `${kind} ${object.kind}`)).toEqual([
    "PodsMissing Deployment",
    "ServiceWithoutEndpoints Service",
  ]);
});

test("a result for the whole view is computed once, and anew for a view of one workload", () => {
  const [api] = objects(
    `{ apiVersion: apps/v1, kind: Deployment, metadata: { name: api }, spec: { replicas: 1, selector: { matchLabels: { app: api } }, template: { metadata: { labels: { app: api } }, spec: { containers: [{ name: api, image: "x:1" }] } } } }`,
  );
  const view = createView(evidence({ objects: [web!, api!] }));
  let runs = 0;
  const names = (of: View): readonly string[] => {
    runs += 1;
    return of.workloads.map(({ reference }) => reference.name);
  };
  const alone = viewOf(view, view.workloads[1]!);
  expect([view.shared(names), view.shared(names), alone.shared(names), alone.shared(names)]).toEqual([
    ...[
      ["web", "api"],
      ["web", "api"],
    ],
    ...[["api"], ["api"]],
  ]);
  expect(runs).toBe(2);
});

test("an event from before an object was created is about its predecessor, and left out", () => {
  const at = (lastAt: string) => warning(web!, "BackOff", lastAt, { firstAt: lastAt, lastAt });
  const gone = { ...at("2027-03-01T12:00:00Z"), object: "Pod shop/gone" };
  // The object is of 13:00; clocks of nodes differ.
  const events = [at("2027-03-01T12:30:00Z"), at("2027-03-01T12:59:30Z"), at("2027-03-01T13:30:00Z"), gone];
  const view = createView(evidence({ objects: [web!], events }));
  const reference = { kind: "Deployment", namespace: "shop", name: "web" };
  expect(view.eventsOf(reference).map(({ message }) => message)).toEqual(["2027-03-01T12:59:30Z", "2027-03-01T13:30:00Z"]);
  expect(view.eventsOf({ kind: "Pod", namespace: "shop", name: "gone" })).toEqual([gone]);
});
