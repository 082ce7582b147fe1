// increase_resources: a higher limit of memory or CPU for one container, at most four times the present one. Never lowers anything.
import * as z from "zod";
import { DaemonSets, Deployments, StatefulSets, type Deployment, type Resources } from "#api/kubernetes.ts";
import { defineAction, patches, noOp, patched, refused } from "#actions/action.ts";
import { difference } from "#actions/difference.ts";
import { rolloutEffect, rolloutObstacle } from "#actions/rollout.ts";
import { canonicalQuantity, parseQuantity } from "#lib/quantity.ts";

export const maxFactor = 4n;

const quantity = z
  .string()
  .max(40)
  .refine((text) => (parseQuantity(text) ?? 0n) > 0n, "not a quantity such as 256Mi or 500m");

export const increaseResources = defineAction({
  name: "increase_resources",
  title: "Raise a container's limits",
  description:
    "Raises the memory or CPU limit of one container to at most four times the present limit, and the request with it if the two are equal. Refuses a container without such a limit, a lower value, and a workload that would not roll out.",
  targetKinds: ["Deployment", "StatefulSet", "DaemonSet"],
  reads: [],
  risk: "low",
  undo: "inverse",
  writes: patches(
    [Deployments, StatefulSets, DaemonSets],
    ["limits", "requests"].flatMap((list) =>
      ["memory", "cpu"].map((resource) => `/spec/template/spec/containers/*/resources/${list}/${resource}`),
    ),
  ),
  parameters: z.object({
    container: z.string().min(1).max(63).describe("The container's name."),
    memory: quantity.optional().describe("The new memory limit, such as 256Mi."),
    cpu: quantity.optional().describe("The new CPU limit, such as 500m."),
  }),
  plan: ({ container: name, memory, cpu }, target) => {
    const obstacle = rolloutObstacle(target);
    if (obstacle !== undefined) return refused(obstacle);
    if (memory === undefined && cpu === undefined) return refused("give memory, cpu or both");
    const { containers } = (target as Deployment).spec.template.spec;
    const index = containers.findIndex((container) => container.name === name);
    const container = containers[index];
    if (container === undefined) return refused(`it has no container ${name}`);
    const before = container.resources ?? {};
    let after = before;
    for (const [resource, value] of Object.entries({ memory, cpu })) {
      if (value === undefined) continue;
      const raised = raise(after, resource, value);
      if (typeof raised === "string") return refused(raised);
      after = raised;
    }
    const at = ["spec", "template", "spec", "containers", String(index)];
    const operations = difference([...at, "resources"], { ...before }, { ...after });
    if (operations.length === 0) return noOp("the limits already have these values");
    return patched(target, [{ op: "test", path: `/${at.join("/")}/name`, value: name }, ...operations]);
  },
  verify: ({ target }, changes) => rolloutEffect(target, changes),
});

/** The resources with one limit raised; or why not. */
const raise = (resources: Resources, resource: string, value: string): Resources | string => {
  const limit = resources.limits?.[resource];
  const request = resources.requests?.[resource];
  if (limit === undefined) return `the container has no ${resource} limit`;
  const present = parseQuantity(limit);
  const wanted = parseQuantity(value);
  // In the server's own spelling: what it writes back is compared with what we wrote.
  const written = canonicalQuantity(value);
  if (present === undefined || wanted === undefined || written === undefined) return `the ${resource} limit ${limit} cannot be read`;
  if (wanted === present) return resources;
  if (wanted < present) return `${value} is less than the present ${resource} limit ${limit}`;
  if (wanted > present * maxFactor) return `${value} is more than ${maxFactor} times the present ${resource} limit ${limit}`;
  // Equal ones are the pod's class of service (Guaranteed): it is kept.
  const together = request !== undefined && parseQuantity(request) === present;
  return {
    ...resources,
    limits: { ...resources.limits, [resource]: written },
    ...(together ? { requests: { ...resources.requests, [resource]: written } } : {}),
  };
};
