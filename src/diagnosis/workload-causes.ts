// The causes that live in one workload, asked about each workload that shows a symptom. Pure.
import { configEdited } from "#diagnosis/causes/config-edited.ts";
import { imageUnpullable } from "#diagnosis/causes/image-unpullable.ts";
import { memoryLimitTooSmall } from "#diagnosis/causes/memory-limit-too-small.ts";
import { releaseCrashes } from "#diagnosis/causes/release-crashes.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { failingWorkloads } from "#diagnosis/failing-workloads.ts";
import type { WorkloadCause } from "#diagnosis/finding.ts";
import type { View } from "#diagnosis/view.ts";

/** Wherever the fault lies, what was looked at is the workload: its trouble is accounted for. */
const inWorkloads =
  (find: WorkloadCause): Cause["find"] =>
  (view: View) =>
    failingWorkloads(view).map((workload) => {
      const assessment = find(view.inside(workload));
      if ("ruledOut" in assessment) return assessment;
      const { found } = assessment;
      return { found: { ...found, explains: [...(found.explains ?? []), workload.reference] } };
    });

export const workloadCauses: readonly Cause[] = [
  {
    code: "ReleaseCrashes",
    title: "A release that crashes",
    reads: "Containers of the current revision that crash, and the revision before it.",
    means: "The new revision introduced the problem, where it began with it and the old one differs in what fails.",
    remedy: "`rollback_deployment` to the last healthy revision. Otherwise, fix the release.",
    suppressedBy: [
      "ProbeWrongPort",
      "ProbeWrongProtocol",
      "ProbeWrongPath",
      "ProbeTooImpatient",
      "MemoryLimitBelowStart",
      "EnvAddressWrong",
    ],
    find: inWorkloads(releaseCrashes),
  },
  {
    code: "ConfigEdited",
    title: "A configuration that was edited in place",
    reads: "ConfigMaps that a failing container reads, and when their content last changed.",
    means: "The edit is at fault, where it lies between the release and the first failure and the container was started since.",
    remedy: "`restore_object` to the content that the change journal kept, then `restart_pod`. Otherwise, restore the content by hand.",
    suppressedBy: ["ProbeWrongPort", "ProbeWrongProtocol", "ProbeWrongPath", "ProbeTooImpatient"],
    find: inWorkloads(configEdited),
  },
  {
    code: "ImageUnpullable",
    title: "An image that cannot be pulled",
    reads: "Containers that wait for their image, and what the container runtime says.",
    means: "The image of the current revision cannot be had.",
    remedy: "`rollback_deployment` to a revision with another image. Otherwise, push the image or grant access to it.",
    suppressedBy: ["RegistryUnresolvable", "PullSecretMissing"],
    find: inWorkloads(imageUnpullable),
  },
  {
    code: "MemoryLimitTooSmall",
    title: "A memory limit that is too small",
    reads: "Containers killed for memory soon after their start, their limit, and what changed.",
    means: "The program does not fit its limit.",
    remedy: "`increase_resources`, at most fourfold. Otherwise, find out why the program needs more memory.",
    find: inWorkloads(memoryLimitTooSmall),
  },
];
