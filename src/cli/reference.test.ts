import { expect, test } from "vitest";
import { referenceOf } from "#cli/reference.ts";

const deployment = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };

test.each(["deployment/web", "Deployment/web", "deployments/web", "deploy/web", "deployment.apps/web", "deployments.v1.apps/web"])(
  "%s is a Deployment, as kubectl would take it",
  (text) => expect(referenceOf(text, "shop")).toEqual(deployment),
);

test("what has no namespace is given none", () =>
  expect(referenceOf("no/n1", "shop")).toEqual({ apiVersion: "v1", kind: "Node", name: "n1" }));

test.each(["web", "deployment/", "deployment/a/b", "deployment.batch/web", "pod.apps/web", "thing/web"])("%s is none", (text) =>
  expect(() => referenceOf(text, "shop")).toThrow(`"${text}" is not an object to look at: use kind/name, such as deployment/web`),
);
