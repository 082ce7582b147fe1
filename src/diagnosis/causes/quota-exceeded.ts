// A ResourceQuota that is used up while pods, a claim or a Service are refused because of it.
// Refused pods leave events. A refused claim or Service leaves none: the scheduler that misses the claim and the caller that misses the Service do.
import type { Quote } from "#api/fields.ts";
import { PersistentVolumeClaims, PersistentVolumes, type ResourceQuota, ResourceQuotas, Services } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { calledBy } from "#diagnosis/called-addresses.ts";
import { complaintQuote, complaintsAbout } from "#diagnosis/caller-complaints.ts";
import { kubectl } from "#diagnosis/kubectl.ts";
import { isQuotaFull, quotaUsage } from "#diagnosis/quotas.ts";
import { eventQuote, objectQuote } from "#diagnosis/quotes.ts";
import { refusedPods } from "#diagnosis/refused-pods.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { parseQuantity } from "#lib/quantity.ts";

/** What a quota counts, in one word: `requests.cpu`, `limits.memory`, `pods`, `count/services` … */
export const resourceWord = (resource: string): string => {
  if (/storage|persistentvolumeclaims/.test(resource)) return "storage";
  const [word = ""] = resource.replace(/^(?:requests|limits|count)[./]/, "").split(".", 1);
  return word;
};

interface Shortage {
  readonly name: string;
  readonly namespace: string;
  readonly resource: string;
  readonly workloads: readonly Workload[];
  readonly effect: string;
  readonly quotes: readonly Quote[];
}

const forPods = (view: View): readonly Shortage[] => {
  const refusals = refusedPods(view).flatMap(({ workload, event }) => {
    const [match, name = "", resource = ""] = /exceeded quota: ([^,\s]+), requested: ([^=,\s]+)=[^,]/.exec(event.message) ?? [];
    return match === undefined ? [] : [{ workload, event, name, resource, namespace: workload.reference.namespace ?? "" }];
  });
  const byQuota = Object.groupBy(refusals, ({ namespace, name, resource }) => `${namespace}/${name}/${resource}`);
  return Object.values(byQuota).flatMap((same = []) =>
    same.slice(0, 1).map(({ name, namespace, resource }) => ({
      ...{ name, namespace, resource },
      workloads: same.map(({ workload }) => workload),
      effect: `pods of ${same.map(({ workload }) => nameOf(workload)).join(", ")} are refused`,
      quotes: same.slice(0, 3).map(({ event }) => eventQuote(event)),
    })),
  );
};

/** The scheduler misses a claim, and the quota has no room for one. */
const forClaims = (view: View): readonly Shortage[] =>
  view.workloads.flatMap((workload) => {
    const { namespace = "" } = workload.reference;
    const claim = missingClaim(view, workload);
    const event = view
      .eventsAround(workload)
      .find(({ reason, message }) => reason === "FailedScheduling" && claim !== undefined && message.includes(`"${claim}" not found`));
    if (claim === undefined || event === undefined) return [];
    return quotasOn(view, namespace, "storage").flatMap(({ quota, resource }) =>
      isQuotaFull(quota, resource) || lacksRoomForVolumes(view, quota, resource)
        ? [
            {
              ...{ name: quota.metadata.name, namespace, resource },
              workloads: [workload],
              effect: `PersistentVolumeClaim ${namespace}/${claim}, which ${nameOf(workload)} mounts, does not exist`,
              quotes: [eventQuote(event), objectQuote(workload, `mounts PersistentVolumeClaim ${claim}`)],
            },
          ]
        : [],
    );
  });

const missingClaim = (view: View, { reference: { namespace }, template }: Workload): string | undefined =>
  view.knows(PersistentVolumeClaims, namespace)
    ? (template.spec.volumes ?? [])
        .flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [])
        .find((name) => view.get(PersistentVolumeClaims, namespace, name) === undefined)
    : undefined;

/** Callers miss a Service, and the quota has no room for one. */
const forServices = (view: View): readonly Shortage[] => {
  const namespaces = new Set(view.all(ResourceQuotas).map(({ metadata }) => metadata.namespace ?? ""));
  return [...namespaces].flatMap((namespace) =>
    quotasOn(view, namespace, "services").flatMap(({ quota, resource }): readonly Shortage[] => {
      if (!isQuotaFull(quota, resource) || !view.knows(Services, namespace)) return [];
      const missing = view.workloads
        .flatMap((workload) => calledBy(view, workload))
        .filter((each) => each.namespace === namespace && view.get(Services, namespace, each.service) === undefined);
      // A variable may name a Service that the program never calls.
      const [missed] = missing.flatMap((call) =>
        complaintsAbout(view, [call.service, call.host]).map((complaint) => ({ call, complaint })),
      );
      if (missed === undefined) return [];
      const { call, complaint } = missed;
      return [
        {
          ...{ name: quota.metadata.name, namespace, resource },
          workloads: [...new Set(missing.filter(({ service }) => service === call.service).map(({ workload }) => workload))],
          effect: `Service ${namespace}/${call.service}, which ${nameOf(call.workload)} calls, does not exist`,
          quotes: [complaintQuote(complaint), objectQuote(call.workload, `container ${call.container}: ${call.variable}=${call.value}`)],
        },
      ];
    }),
  );
};

const quotasOn = (view: View, namespace: string, word: string) =>
  view.all(ResourceQuotas, namespace).flatMap((quota) => {
    const resource = Object.keys(quota.spec.hard ?? {}).find((each) => resourceWord(each) === word);
    return resource === undefined ? [] : [{ quota, resource }];
  });

/** The smallest free volume is larger than the room that is left: a claim of its size is refused. */
const lacksRoomForVolumes = (view: View, quota: ResourceQuota, resource: string): boolean => {
  const { hard, used } = quotaUsage(quota, resource);
  const sizes = view
    .all(PersistentVolumes)
    .filter(({ spec, status }) => spec.claimRef === undefined && status?.phase === "Available")
    .flatMap(({ spec }) => parseQuantity(spec.capacity?.storage ?? "") ?? []);
  return (
    hard !== undefined &&
    used !== undefined &&
    resource.endsWith("storage") &&
    sizes.length > 0 &&
    sizes.every((size) => size > hard - used)
  );
};

export const quotaExceeded = cause({
  code: "QuotaExceeded",
  title: "A ResourceQuota that is used up",
  reads: "FailedCreate events that name a quota, the usage of quotas, and claims and Services that workloads need and that do not exist.",
  means: "The quota of the namespace has no room for pods, a claim or a Service that a workload needs.",
  needs: ["objects.ResourceQuota", "events"],
  signs: ["event FailedCreate", "ResourceQuota"],
  of: (view: View) =>
    [...forPods(view), ...forClaims(view), ...forServices(view)].map((shortage) => {
      const { name, namespace, resource } = shortage;
      const quota = view.get(ResourceQuotas, namespace, name);
      const { status, spec } = quota ?? {};
      const usage = `${resource}: ${status?.used?.[resource] ?? "?"} of ${status?.hard?.[resource] ?? spec?.hard?.[resource] ?? "?"} used`;
      const object = { apiVersion: "v1", kind: "ResourceQuota", namespace, name };
      return { ...shortage, quota, object, usage, command: kubectl(namespace, "edit", "resourcequota", name) };
    }),
  unless: [
    {
      is: ({ object }) => `${referenceText(object)} does not exist any more`,
      holds: ({ quota, namespace }, view) => quota === undefined && view.knows(ResourceQuotas, namespace),
    },
  ],
  // A request may exceed the room that is left before the quota is full.
  supports: [
    { is: "the quota is used up", holds: ({ quota, resource }) => (quota !== undefined && isQuotaFull(quota, resource)) || "unknown" },
  ],
  object: ({ object }) => object,
  detail: ({ resource }) => ({ resource: resourceWord(resource) }),
  says: "{object} has no room left ({usage}): {effect}.",
  chain: "{usage} → {effect}",
  quotes: ({ object, usage, quotes }) => [objectQuote(object, usage), ...quotes],
  explains: ({ workloads }) => workloads,
  remedy: "Free some of the quota, or raise it.",
  otherwise: "free some of the quota, or raise {resource} in it: {command}",
});
