// Paths on the API server: right for every kind, and never another object's.
import { expect, test } from "vitest";

import { Deployments, Namespaces, Nodes, Pods } from "#api/kubernetes.ts";
import { collectionText, objectPath, resourcePath } from "#kube/resource-path.ts";

test.for([
  [resourcePath(Pods, "shop"), "/api/v1/namespaces/shop/pods"],
  [resourcePath(Pods, undefined), "/api/v1/pods"],
  [resourcePath(Deployments, "shop", "web", "scale"), "/apis/apps/v1/namespaces/shop/deployments/web/scale"],
  [resourcePath(Nodes, "ignored", "node-1"), "/api/v1/nodes/node-1"],
  [objectPath(Namespaces, { name: "shop" }), "/api/v1/namespaces/shop"],
  [objectPath(Pods, { namespace: "shop", name: "a/../b?c" }), "/api/v1/namespaces/shop/pods/a%2F..%2Fb%3Fc"],
  [collectionText(Deployments, "shop"), "deployments.apps in shop"],
  [collectionText(Pods, undefined), "pods"],
] as const)("%s", ([actual, expected]) => {
  expect(actual).toBe(expected);
});

test.for([
  [Pods, { namespace: "shop", name: "" }],
  [Pods, { name: "web" }],
  [Pods, { namespace: "", name: "web" }],
  [Nodes, { name: "" }],
  [Pods, { namespace: "shop", name: ".." }],
  [Pods, { namespace: ".", name: "web" }],
] as const)("of %o, %o addresses nothing", ([type, key]) => {
  expect(() => objectPath(type, key)).toThrow(TypeError);
});
