import { expect, test } from "vitest";
import { nodeUnderPressure } from "#diagnosis/causes/node-under-pressure.ts";
import { answers, deployment, objects, podsOf } from "#test/evidence-sketch.ts";

const node = (type: string, status: string): ReturnType<typeof objects> =>
  objects(
    `{ apiVersion: v1, kind: Node, metadata: { name: node-a }, status: { conditions: [{ type: ${type}, status: "${status}", reason: KubeletHasDiskPressure, message: kubelet has disk pressure }] } }`,
  );
const web = deployment("web");

test("a node without disk that evicts pods", () => {
  const pods = podsOf(web, { status: { phase: "Failed", reason: "Evicted", message: "The node was low on resource: ephemeral-storage." } });
  expect(answers(nodeUnderPressure, { objects: [web, ...pods, ...node("DiskPressure", "True")] })).toEqual([
    "NodeUnderPressure Node node-a → person",
  ]);
});

test("a node that is not ready is another cause", () => {
  expect(answers(nodeUnderPressure, { objects: node("Ready", "False") })).toEqual([]);
});

test("its own word that there is none contradicts evictions of the past", () => {
  expect(answers(nodeUnderPressure, { objects: node("DiskPressure", "False") })).toEqual([]);
});
