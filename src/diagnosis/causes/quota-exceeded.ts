// A ResourceQuota is used up, and something that should exist is refused for it: pods, a claim or a Service.
// Refused pods leave events; what a person or a pipeline could not create leaves none, only what asks for it in vain.
import { PersistentVolumeClaims, ResourceQuotas, Services, type ResourceQuota } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { parseQuantity } from "#lib/quantity.ts";
import { assess, eventQuote, objectQuote, person } from "#diagnosis/assess.ts";
import { calledBy } from "#diagnosis/called-addresses.ts";
import { complaintsAbout } from "#diagnosis/caller-complaints.ts";
import { quote } from "#diagnosis/explain.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { kubectl } from "#diagnosis/kubectl.ts";
import type { Assessment, Finding } from "#diagnosis/finding.ts";
import { refusedPods } from "#diagnosis/refused-pods.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";

const code = "QuotaExceeded";

export const quotaExceeded: Cause = {
  code,
  title: "A ResourceQuota that is used up",
  reads: "FailedCreate events that name a quota, the quotas' use, claims and Services that workloads ask for and that do not exist.",
  means: "Something that the workloads need was refused because its namespace's quota is used up.",
  remedy: "Raise the quota, or free some of it.",
  find: (view) => [...forPods(view), ...forClaims(view), ...forServices(view)],
};

/** What a quota counts, in one word: `requests.cpu`, `limits.memory`, `pods`, `count/services` … */
export const resourceWord = (resource: string): string => {
  if (/storage|persistentvolumeclaims/.test(resource)) return "storage";
  const [word = ""] = resource.replace(/^(?:requests|limits|count)[./]/, "").split(".", 1);
  return word;
};

interface Hit {
  readonly name: string;
  readonly namespace: string;
  readonly resource: string;
  readonly workloads: readonly Workload[];
  readonly words: string;
  readonly quotes: Finding["quotes"];
}

const forPods = (view: View): readonly Assessment[] => {
  const refusals = refusedPods(view).flatMap(({ workload, event }) => {
    const match = /exceeded quota: ([^,\s]+), requested: ([^=,\s]+)=[^,]/.exec(event.message);
    const [, name = "", resource = ""] = match ?? [];
    return match === null ? [] : [{ workload, event, name, resource }];
  });
  const quotas = new Map<string, (typeof refusals)[number][]>();
  for (const each of refusals) {
    const id = `${each.workload.reference.namespace}/${each.name}/${each.resource}`;
    quotas.set(id, [...(quotas.get(id) ?? []), each]);
  }
  return [...quotas.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    return [
      conclude(view, {
        name: first.name,
        namespace: first.workload.reference.namespace ?? "",
        resource: first.resource,
        workloads: same.map(({ workload }) => workload),
        words: `pods of ${same.map(({ workload }) => referenceText(workload.reference)).join(", ")} are refused`,
        quotes: same.slice(0, 3).map(({ event }) => eventQuote(event)),
      }),
    ];
  });
};

/** Pods wait for a claim that does not exist, and there is a quota on what claims may ask for. */
const forClaims = (view: View): readonly Assessment[] =>
  view.workloads.flatMap((workload) => {
    const { namespace = "" } = workload.reference;
    const missing = claimsMissing(view, workload);
    const [claim] = missing;
    if (claim === undefined) return [];
    return view.all(ResourceQuotas, namespace).flatMap((quota) => {
      const resource = Object.keys(quota.spec.hard ?? {}).find((each) => resourceWord(each) === "storage");
      if (resource === undefined) return [];
      return [
        conclude(view, {
          name: quota.metadata.name,
          namespace,
          resource,
          workloads: [workload],
          words: `PersistentVolumeClaim ${namespace}/${claim}, which ${referenceText(workload.reference)} mounts, was never made`,
          quotes: [objectQuote(workload.reference, `mounts PersistentVolumeClaim ${claim}, which does not exist`)],
        }),
      ];
    });
  });

const claimsMissing = (view: View, { reference, template }: Workload): readonly string[] =>
  (template.spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => {
    const name = persistentVolumeClaim?.claimName;
    const isMissing =
      name !== undefined &&
      view.knows(PersistentVolumeClaims, reference.namespace) &&
      view.get(PersistentVolumeClaims, reference.namespace, name) === undefined;
    return isMissing && name !== undefined ? [name] : [];
  });

/** Workloads call a Service that does not exist, and no more may be made. */
const forServices = (view: View): readonly Assessment[] =>
  view.all(ResourceQuotas).flatMap((quota) => {
    const { namespace = "" } = quota.metadata;
    const resource = Object.keys(quota.spec.hard ?? {}).find((each) => resourceWord(each) === "services");
    if (resource === undefined || !isFull(quota, resource) || !view.knows(Services, namespace)) return [];
    const calls = view.workloads
      .flatMap((workload) => calledBy(view, workload))
      .filter((each) => each.namespace === namespace && view.get(Services, namespace, each.service) === undefined);
    // A variable may name what nobody calls: somebody has to miss it, the caller or whoever it passes the error on to.
    const call = calls.find(({ service, host }) => complaintsAbout(view, [service, host]).length > 0);
    if (call === undefined) return [];
    return [
      conclude(view, {
        name: quota.metadata.name,
        namespace,
        resource,
        workloads: [...new Set(calls.filter(({ service }) => service === call.service).map(({ workload }) => workload))],
        words: `Service ${namespace}/${call.service}, which ${referenceText(call.workload.reference)} calls, does not exist`,
        quotes: [
          ...complaintsAbout(view, [call.service, call.host])
            .slice(0, 1)
            .map(({ log, line }) => quote("log", `Pod ${log.namespace}/${log.pod}`, line)),
          objectQuote(call.workload.reference, `container ${call.container}: ${call.variable}=${call.value}`),
        ],
      }),
    ];
  });

const isFull = ({ status, spec }: ResourceQuota, resource: string): boolean => {
  const hard = parseQuantity(status?.hard?.[resource] ?? spec.hard?.[resource] ?? "");
  const used = parseQuantity(status?.used?.[resource] ?? "");
  return hard !== undefined && used !== undefined && used >= hard;
};

const conclude = (view: View, { name, namespace, resource, workloads, words, quotes }: Hit): Assessment => {
  const quota = view.get(ResourceQuotas, namespace, name);
  const reference = quota === undefined ? { apiVersion: "v1", kind: "ResourceQuota", namespace, name } : referenceTo(quota);
  const used = quota?.status?.used?.[resource];
  const hard = quota?.status?.hard?.[resource] ?? quota?.spec.hard?.[resource];
  const isRefusal = quotes.some(({ source }) => source === "event" || source === "log");
  const usage = `${resource}: ${used ?? "?"} of ${hard ?? "?"} used`;
  return assess(
    code,
    {
      required: [{ claim: `something that is needed is not there: ${words}`, holds: workloads.length > 0 }],
      // It could be made by now: the quota was raised, or something was freed.
      against: [
        { claim: `ResourceQuota ${name} does not exist any more`, holds: quota === undefined && view.knows(ResourceQuotas, namespace) },
      ],
      supporting: [
        { claim: "the API server names the quota, or somebody misses what is not there", holds: isRefusal, weight: 2 },
        { claim: "the quota is used up", holds: quota === undefined ? "unknown" : isFull(quota, resource) ? true : "unknown", weight: 2 },
      ],
    },
    () => ({
      object: reference,
      detail: { resource: resourceWord(resource) },
      summary: `${referenceText(reference)} is used up (${usage}): ${words}.`,
      chain: [usage, words],
      quotes: [objectQuote(reference, usage), ...quotes],
      explains: workloads.map(({ reference: each }) => each),
      facts: person(
        `free some of it, or raise ${resource} in the quota: ${kubectl(reference.namespace, "edit", "resourcequota", reference.name)}`,
      ),
    }),
  );
};
