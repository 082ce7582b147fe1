import { beforeAll, describe, expect, inject, test } from "vitest";
import { kinds } from "#api/kinds/registry.ts";
import { admissionPolicies } from "#manifests/admission.ts";
import { install } from "#manifests/install.ts";
import { toYaml } from "#manifests/manifest.ts";
import { kubectlOf, mustKubectl } from "#test/kubectl.ts";

const namespace = "kintsugi-install";
const kubectl = kubectlOf(inject("controlPlane"));

beforeAll(async () => {
  await mustKubectl(kubectl, ["apply", "--server-side", "-f", "-"], toYaml(install({ namespace, image: "example.test/kintsugi:1" })));
  await mustKubectl(kubectl, ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
});

describe("the generated manifests on a real API server", () => {
  test("are accepted whole, and a second time change nothing", async () => {
    const yaml = toYaml(install({ namespace, image: "example.test/kintsugi:1" }));
    const again = await mustKubectl(kubectl, ["apply", "--server-side", "-f", "-", "-o", "name"], yaml);
    expect(again.trim().split("\n").length).toBeGreaterThan(kinds.length + admissionPolicies({ namespace, image: "" }).length);
  });

  test.each(kinds.map((kind) => kind.kind))("%s has no warning of a non-structural schema", async (kind) => {
    const plural = kinds.find((candidate) => candidate.kind === kind)!.plural;
    const conditions = await mustKubectl(kubectl, ["get", "crd", `${plural}.kintsugi.dev`, "-o", "jsonpath={.status.conditions[*].type}"]);
    expect(conditions.split(" ")).toContain("Established");
    expect(conditions.split(" ")).not.toContain("NonStructuralSchema");
  });

  test("the category lists every kind", async () => {
    const text = await mustKubectl(kubectl, ["api-resources", "--categories=kintsugi", "-o", "name"]);
    expect(text.trim().split("\n").toSorted()).toEqual(kinds.map((kind) => `${kind.plural}.kintsugi.dev`).toSorted());
  });

  test("explain says what a phase is", async () => {
    const text = await mustKubectl(kubectl, ["explain", "rr.status.phase"]);
    expect(text).toContain("The progress of the episode");
    expect(text).toContain("AwaitingPerson");
  });
});
