import * as fc from "fast-check";
import { expect, test } from "vitest";
import { repositoryOf } from "#diagnosis/image-pulls.ts";

test.each([
  ["registry.example/team/app:1@sha256:abc", "registry.example/team/app"],
  ["registry.example:5000/app", "registry.example:5000/app"],
  ["registry.example:5000/app:1", "registry.example:5000/app"],
  ["app", "app"],
])("%s is of repository %s", (image, repository) => expect(repositoryOf(image)).toBe(repository));

test("tag and digest go as the earlier expressions removed them", () => {
  const part = fc.constantFrom("app", "team", "a.b-c");
  const registry = fc.constantFrom("", "registry.example/", "registry.example:5000/");
  const tag = fc.constantFrom("", ":1", ":v1.2-rc_3");
  const digest = fc.constantFrom("", "@sha256:0abc");
  fc.assert(
    fc.property(registry, fc.array(part, { minLength: 1, maxLength: 3 }), tag, digest, (host, parts, ofTag, ofDigest) => {
      const image = `${host}${parts.join("/")}${ofTag}${ofDigest}`;
      expect(repositoryOf(image)).toBe(image.replace(/@.*$/, "").replace(/:[^/]*$/, ""));
    }),
  );
});
