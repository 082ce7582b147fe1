// LimitRanges and PriorityClasses: what a new pod gets from them, and what they refuse; plugin/pkg/admission/{limitranger,priority} of
// Kubernetes. Pure but for reading them.
import { parseQuantity } from "#lib/quantity.ts";
import type { Admitted } from "#embedded/admission.ts";
import { type JsonRecord, type Stored, at, listOf, recordOf, textOf } from "#embedded/json.ts";
import { forbidden } from "#embedded/status.ts";
import type { ServerContext } from "#embedded/server-context.ts";

const rangesKey = "/limitranges";

const rangesIn = (server: ServerContext, namespace: string | undefined): readonly Stored[] =>
  server.store.list(rangesKey).filter(({ metadata }) => metadata.namespace === namespace);

const limitsOf = (range: Stored): readonly JsonRecord[] =>
  listOf(at(range, "spec", "limits"))
    .map(recordOf)
    .filter((limit) => limit["type"] === "Container");

/** The pod with the requests, limits and priority that it did not name itself. */
export const withPodAdmission = (server: ServerContext, namespace: string | undefined, pod: JsonRecord, givenName: string): JsonRecord =>
  withLimits(rangesIn(server, namespace), withPriority(server, pod, givenName));

const systemPriorities: Readonly<Record<string, number>> = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
};

const withPriority = (server: ServerContext, pod: JsonRecord, givenName: string): JsonRecord => {
  const spec = recordOf(pod["spec"]);
  const name = textOf(spec["priorityClassName"]);
  if (name === "") return pod;
  const found = server.find({ group: "scheduling.k8s.io", plural: "priorityclasses" }, undefined, name);
  const system = systemPriorities[name];
  if (found === undefined && system === undefined)
    throw forbidden({ group: "", plural: "pods" }, givenName, `no PriorityClass with name ${name} was found`);
  const preemptionPolicy = found?.["preemptionPolicy"] ?? "PreemptLowerPriority";
  return {
    ...pod,
    spec: { ...spec, priorityClassName: name, priority: found?.["value"] ?? system, preemptionPolicy },
  };
};

const withLimits = (ranges: readonly Stored[], pod: JsonRecord): JsonRecord => {
  const told: string[] = [];
  const spec: Record<string, unknown> = { ...recordOf(pod["spec"]) };
  for (const limit of ranges.flatMap((range) => limitsOf(range))) {
    const limits = recordOf(limit["default"]);
    const requests = recordOf(limit["defaultRequest"]);
    for (const list of ["initContainers", "containers"]) {
      if (!Array.isArray(spec[list])) continue;
      spec[list] = listOf(spec[list]).map((container) => {
        const resources = recordOf(at(container, "resources"));
        const name = textOf(at(container, "name"));
        const added = (field: "requests" | "limits", defaults: JsonRecord): JsonRecord => {
          const own = recordOf(resources[field]);
          const missing = Object.keys(defaults).filter((key) => own[key] === undefined);
          if (missing.length > 0)
            told.push(
              `${missing.toSorted().join(", ")} ${field.slice(0, -1)} for ${list === "containers" ? "" : "init "}container ${name}`,
            );
          return missing.length === 0 && Object.keys(own).length === 0 ? {} : { [field]: { ...defaults, ...own } };
        };
        return { ...recordOf(container), resources: { ...resources, ...added("requests", requests), ...added("limits", limits) } };
      });
    }
  }
  if (told.length === 0) return { ...pod, spec };
  const metadata = recordOf(pod["metadata"]);
  const annotations = { ...recordOf(metadata["annotations"]), "kubernetes.io/limit-ranger": `LimitRanger plugin set: ${told.join("; ")}` };
  return { ...pod, metadata: { ...metadata, annotations }, spec };
};

/** Throws where a container is outside what its namespace allows. */
export const admitLimits = (server: ServerContext, { resource, namespace, name, operation, subresource, object }: Admitted): void => {
  if (operation !== "CREATE" || subresource !== undefined || object === null || resource.group !== "" || resource.kind !== "Pod") return;
  const ranges = rangesIn(server, namespace);
  if (ranges.length === 0) return;
  const problems = ranges.flatMap((range) => {
    const containers = ["initContainers", "containers"].flatMap((list) => listOf(at(object, "spec", list)));
    return containers.flatMap((container) =>
      limitsOf(range).flatMap((limit) =>
        outside(limit, recordOf(at(container, "resources", "requests")), recordOf(at(container, "resources", "limits"))),
      ),
    );
  });
  if (problems.length > 0) throw forbidden(resource, name, problems.length === 1 ? (problems[0] ?? "") : `[${problems.join(", ")}]`);
};

const outside = (limit: JsonRecord, requests: JsonRecord, limits: JsonRecord): readonly string[] => {
  const amount = (value: unknown): bigint => parseQuantity(textOf(value)) ?? 0n;
  const texts: string[] = [];
  for (const [key, least] of Object.entries(recordOf(limit["min"]))) {
    const rule = `minimum ${key} usage per Container is ${textOf(least)}`;
    if (requests[key] === undefined) texts.push(`${rule}.  No request is specified`);
    else if (amount(requests[key]) < amount(least)) texts.push(`${rule}, but request is ${textOf(requests[key])}`);
  }
  for (const [key, most] of Object.entries(recordOf(limit["max"]))) {
    const rule = `maximum ${key} usage per Container is ${textOf(most)}`;
    if (limits[key] === undefined) texts.push(`${rule}.  No limit is specified`);
    else if (amount(limits[key]) > amount(most)) texts.push(`${rule}, but limit is ${textOf(limits[key])}`);
  }
  return texts;
};
