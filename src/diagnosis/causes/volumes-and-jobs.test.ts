import { expect, test } from "vitest";
import { initBeforeSidecar, volumeOwnedByOther } from "#diagnosis/causes/volumes-and-jobs.ts";
import { answers, deployment } from "#test/evidence-sketch.ts";
import { says, withPod } from "#test/three-cases/three-cases.ts";

const volumes = [{ name: "data", hostPath: { path: "/srv" } }];
const web = deployment(
  "web",
  { volumeMounts: [{ name: "data", mountPath: "/data" }] },
  {
    pod: {
      securityContext: { runAsUser: 1000 },
      volumes,
      initContainers: [{ name: "migrate" }, { name: "proxy", restartPolicy: "Always" }],
    },
  },
);

test("a ready program that logs a denied path, as of a request, is no ground for a change", () => {
  const logs = [says("web", "GET /data/private: permission denied")];
  expect(answers(volumeOwnedByOther, { objects: withPod(web), logs })).toEqual([]);
});

test("an init container that connected in the end is none either", () => {
  const logs = [{ ...says("web", "connect ECONNREFUSED 127.0.0.1:5432, trying again"), container: "migrate" }];
  expect(answers(initBeforeSidecar, { objects: withPod(web), logs })).toEqual([]);
});
