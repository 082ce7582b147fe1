// Image names in full, names that are none, and what a pull that fails says.
import { expect, test } from "vitest";
import { fullImageName, imageNameProblem, pullError } from "#embedded/nodes/image-pull.ts";

test.each([
  ["busybox", "docker.io/library/busybox:latest"],
  ["busybox:1", "docker.io/library/busybox:1"],
  ["team/app:1", "docker.io/team/app:1"],
  ["registry.example/team/app", "registry.example/team/app:latest"],
  ["localhost/app:2", "localhost/app:2"],
  ["registry:5000/app:2", "registry:5000/app:2"],
  ["quay.io/a/b@sha256:ab", "quay.io/a/b@sha256:ab"],
])("%s is %s", (image, full) => {
  expect(fullImageName(image)).toBe(full);
});

test.each([
  ["registry.example/web:1", undefined],
  ["registry.example/Web:1", /repository name \(Web\) must be lowercase$/],
  ["web:1 ", /invalid reference format$/],
])("the name %j", (image, problem) => {
  if (problem === undefined) expect(imageNameProblem(image)).toBeUndefined();
  else expect(imageNameProblem(image)).toMatch(problem);
});

const failed = `failed to pull and unpack image "docker.io/library/web:1": failed to resolve reference "docker.io/library/web:1":`;
const asking = `${failed} failed to do request: Head "https://registry-1.docker.io/v2/library/web/manifests/1": dial tcp`;

test.each([
  ["not-found", `rpc error: code = NotFound desc = ${failed} docker.io/library/web:1: not found`],
  ["unauthorized", `${failed} pulling from host docker.io failed with status code [manifests 1]: 401 Unauthorized`],
  ["no-such-host", `${asking}: lookup docker.io on 10.0.0.2:53: no such host`],
  ["unreachable", `${asking} 192.0.2.1:443: connect: connection refused`],
] as const)("%s", (problem, message) => {
  expect(pullError("web:1", problem)).toBe(message);
});
