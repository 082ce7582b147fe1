import { expect, test } from "vitest";
import { fullImageName, pullError } from "#embedded/nodes/image-pull.ts";

test.each([
  ["busybox", "docker.io/library/busybox:latest"],
  ["busybox:1", "docker.io/library/busybox:1"],
  ["team/app:1", "docker.io/team/app:1"],
  ["registry.example/team/app", "registry.example/team/app:latest"],
  ["localhost/app:2", "localhost/app:2"],
  ["registry:5000/app:2", "registry:5000/app:2"],
  ["quay.io/a/b@sha256:ab", "quay.io/a/b@sha256:ab"],
])("the full name of %s is %s", (image, full) => {
  expect(fullImageName(image)).toBe(full);
});

test("a failed pull names the image in full", () => {
  const failed = `failed to pull and unpack image "docker.io/library/web:1": failed to resolve reference "docker.io/library/web:1":`;
  expect(pullError("web:1")).toBe(`rpc error: code = NotFound desc = ${failed} docker.io/library/web:1: not found`);
});
