import { expect, test } from "vitest";
import { volumeMountFails } from "#diagnosis/causes/volume-mount-fails.ts";
import { answers, containerStatus, deployment, podsOf, warning } from "#test/evidence-sketch.ts";

const web = deployment("web");
const pending = podsOf(web, { status: { phase: "Pending", containerStatuses: [], conditions: [{ type: "Ready", status: "False" }] } });

test("a volume that is still attached elsewhere", () => {
  const events = [
    warning(
      pending.at(-1)!,
      "FailedAttachVolume",
      'Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one node and can\'t be attached to another',
    ),
  ];
  expect(answers(volumeMountFails, { objects: [web, ...pending], events })).toEqual(["VolumeMountFails Deployment web → person"]);
});

test("a missing ConfigMap is another cause", () => {
  const events = [warning(pending.at(-1)!, "FailedMount", 'MountVolume.SetUp failed for volume "conf" : configmap "conf" not found')];
  expect(answers(volumeMountFails, { objects: [web, ...pending], events })).toEqual([]);
});

test("a pod that runs by now contradicts it", () => {
  const running = podsOf(web, {});
  const events = [warning(running.at(-1)!, "FailedMount", "MountVolume.MountDevice failed: device is busy")];
  expect(answers(volumeMountFails, { objects: [web, ...running], events })).toEqual([]);
});

test("a container that was made contradicts it, whatever else it waits for: its volumes are there", () => {
  const waits = containerStatus("web", { waiting: { reason: "CreateContainerConfigError", message: 'configmap "conf" not found' } });
  const pods = podsOf(web, { status: { phase: "Pending", containerStatuses: [waits] } });
  const events = [
    warning(pods.at(-1)!, "FailedMount", "MountVolume.SetUp failed: failed to sync configmap cache: timed out waiting for the condition"),
  ];
  expect(answers(volumeMountFails, { objects: [web, ...pods], events })).toEqual([]);
});
