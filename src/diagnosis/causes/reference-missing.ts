// A pod template that refers to a ConfigMap, a Secret or a key of one that does not exist: the kubelet cannot create the container or mount the volume.
// The messages are the kubelet's own (pkg/kubelet/kubelet_pods.go, pkg/volume/{configmap,secret}).
import type { Quote } from "#api/fields.ts";
import { ConfigMaps, type Container, Secrets } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { unreadyPods } from "#diagnosis/checks/pods.ts";
import { containerOf, statusesOf } from "#diagnosis/containers.ts";
import { nearest } from "#diagnosis/nearest.ts";
import { eventQuote, objectQuote } from "#diagnosis/quotes.ts";
import { restoration } from "#diagnosis/remedies.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import type { ObservedChange } from "#evidence/evidence.ts";

interface Missing {
  readonly kind: "ConfigMap" | "Secret";
  /** Absent where the message names only the key. */
  readonly name?: string;
  readonly key?: string;
}

interface Report {
  readonly missing: Missing;
  readonly quote: Quote;
  /** No container of the pod has run with it: then the reference was right once. */
  readonly neverRan: boolean;
}

const types = { ConfigMap: ConfigMaps, Secret: Secrets } as const;
const kinds = { configmap: "ConfigMap", secret: "Secret", config: "ConfigMap" } as const;

export const missingIn = (message: string): Missing | undefined => {
  const [, key, kind, owner] = /couldn't find key (\S+) in (ConfigMap|Secret) (?:[^/\s]+\/)?([^\s,]+)/.exec(message) ?? [];
  if (key !== undefined && owner !== undefined) return { kind: kind as Missing["kind"], name: owner, key };
  const [, holder, item] = /references non-existent (config|secret) key: (\S+)/.exec(message) ?? [];
  if (item !== undefined) return { kind: kinds[holder as keyof typeof kinds], key: item };
  const [, type, name] = /(configmap|secret)s? "(?:[^/"]+\/)?([^"]+)" not found/.exec(message) ?? [];
  return name === undefined ? undefined : { kind: kinds[type as keyof typeof kinds], name };
};

const waitingContainers = (view: View, workload: Workload): readonly Report[] =>
  unreadyPods(workload).flatMap((pod) =>
    statusesOf(pod).flatMap(({ name, state, restartCount }) => {
      const { reason, message } = state?.waiting ?? {};
      if (reason !== "CreateContainerConfigError") return [];
      const text = `container ${name} waits: ${reason}`;
      const neverRan = restartCount === 0;
      const missing = missingIn(message ?? "");
      if (missing !== undefined) return [{ missing, quote: objectQuote(pod, `${text}: ${message}`), neverRan }];
      // Where the kubelet's message was not kept: the references of the container's environment that no list has.
      return message !== undefined
        ? []
        : absentEnvironment(view, workload, containerOf(pod.spec, name)).map((each) => ({
            missing: each,
            quote: objectQuote(pod, `${text}; its environment comes from ${each.kind} ${each.name}`),
            neverRan,
          }));
    }),
  );

const absentEnvironment = (view: View, { reference: { namespace } }: Workload, container: Container | undefined) => {
  const { env = [], envFrom = [] } = container ?? {};
  const sources = [
    ...envFrom.flatMap(({ configMapRef, secretRef }) => [
      { kind: "ConfigMap" as const, ref: configMapRef },
      { kind: "Secret" as const, ref: secretRef },
    ]),
    ...env.flatMap(({ valueFrom }) => [
      { kind: "ConfigMap" as const, ref: valueFrom?.configMapKeyRef },
      { kind: "Secret" as const, ref: valueFrom?.secretKeyRef },
    ]),
  ];
  return sources.flatMap(({ kind, ref }) => {
    const name = ref?.name ?? "";
    const isAbsent = view.knows(types[kind], namespace) && view.get(types[kind], namespace, name) === undefined;
    return ref === undefined || ref.optional === true || !isAbsent ? [] : [{ kind, name }];
  });
};

const eventReports = (view: View, workload: Workload, reason: string): readonly Report[] => {
  const unready = new Set(unreadyPods(workload).map(({ metadata }) => metadata.uid));
  return view
    .eventsAround(workload)
    .filter((event) => event.reason === reason && event.uid !== undefined && unready.has(event.uid))
    .flatMap((event) => {
      const missing = missingIn(event.message);
      return missing === undefined ? [] : [{ missing, quote: eventQuote(event), neverRan: true }];
    });
};

const reportsOf = (view: View, workload: Workload): readonly Report[] => {
  const waiting = waitingContainers(view, workload);
  // Where the status of the container was not kept, the kubelet's event about the same pod reports the same.
  const reports = [
    ...waiting,
    ...(waiting.length > 0 ? [] : eventReports(view, workload, "Failed")),
    ...eventReports(view, workload, "FailedMount"),
  ];
  return [...new Map(reports.toReversed().map((each) => [JSON.stringify(each.missing), each])).values()].toReversed();
};

/** The manual step, and the nearest name among the existing ones. */
const wayOut = (view: View, namespace: string, { kind, name, key }: Missing, deleted: ObservedChange | undefined) => {
  const configMap = name === undefined ? undefined : view.get(ConfigMaps, namespace, name);
  if (deleted !== undefined && kind === "Secret") return { step: `recreate Secret ${name}; Kintsugi keeps no values of Secrets` };
  if (deleted !== undefined && configMap === undefined) return { step: `recreate ConfigMap ${name}` };
  const candidates =
    key === undefined
      ? view.all<KubeObject>(types[kind], namespace).map(({ metadata }) => metadata.name)
      : Object.keys({ ...configMap?.data, ...configMap?.binaryData });
  const similar = name === undefined ? undefined : nearest(key ?? name, candidates);
  if (similar === undefined) return { step: `create ${key ?? name}, or correct the reference; nothing has a similar name` };
  if (kind === "Secret") return { step: `create Secret ${name}, or correct the reference; Secret ${similar} has a similar name` };
  const what = key === undefined ? `ConfigMap ${name}` : `key ${key} in ConfigMap ${name}`;
  return { step: `create ${what}, or correct the reference to ${similar}`, similar };
};

export const referenceMissing = cause({
  code: "ReferenceMissing",
  title: "A reference to a missing ConfigMap, Secret or key",
  reads: "Containers that wait with CreateContainerConfigError, FailedMount events, and the ConfigMaps and Secrets.",
  means: "The pod template refers to an object that does not exist, or that was deleted.",
  needs: ["objects.Pod"],
  signs: ["waiting CreateContainerConfigError", "event Failed", "event FailedMount"],
  of: (view: View) =>
    view.workloads.flatMap((workload) =>
      reportsOf(view, workload).map(({ missing, quote, neverRan }) => {
        const { namespace = "" } = workload.reference;
        const { kind, name, key } = missing;
        const object = name === undefined ? undefined : { apiVersion: "v1", kind, namespace, name };
        const deleted = object === undefined ? undefined : view.changesOf(object).find((each) => each.kind === "deleted");
        const what = key === undefined ? `${kind} ${name}` : `key ${key} of ${kind} ${name ?? "(see the quote)"}`;
        return {
          ...{ workload, missing, quote, neverRan, deleted, what, kind },
          ...wayOut(view, namespace, missing, deleted),
          isPresent: name !== undefined && view.get<KubeObject>(types[kind], namespace, name) !== undefined,
          problem:
            deleted === undefined
              ? `${nameOf(workload)} refers to ${what}, which does not exist`
              : `${what} was deleted at ${deleted.at} by ${deleted.by}; ${nameOf(workload)} needs it to start`,
        };
      }),
    ),
  // The kubelet finds it at its next try.
  unless: [{ is: ({ what }) => `${what} exists now`, holds: ({ missing: { key }, isPresent }) => key === undefined && isPresent }],
  supports: [
    {
      is: "it is not among the objects that were read",
      holds: ({ workload: { reference }, missing: { kind, key }, isPresent }, view) =>
        (key === undefined && view.knows(types[kind], reference.namespace) && !isPresent) || "unknown",
      weight: 2,
    },
    { is: "no container of the pod has run with it", holds: ({ neverRan }) => neverRan },
    { is: "the change journal has its deletion", holds: ({ deleted }) => deleted !== undefined || "unknown" },
  ],
  object: ({ workload, deleted }) => deleted?.object ?? workload,
  says: "{problem}.",
  chain: "{what} does not exist → the kubelet cannot start pods of {workload}",
  quotes: ({ quote, deleted }) => [
    quote,
    deleted === undefined ? undefined : objectQuote(deleted.object, `deleted ${deleted.at} by ${deleted.by}`),
  ],
  detail: ({ kind }) => ({ kind }),
  explains: ({ workload }) => [workload],
  repairs: ({ workload, missing: { kind, name, key }, deleted, similar, isPresent }) => {
    const expected = `The pods of ${nameOf(workload)} start`;
    if (deleted !== undefined && kind === "ConfigMap" && !isPresent) return [restoration(deleted, `${expected} with it.`)];
    if (similar === undefined || name === undefined) return [];
    return [
      {
        action: "fix_reference",
        target: workload.reference,
        parameters: { kind, name, ...(key === undefined ? {} : { key }), to: similar },
        rationale: `${similar} is the nearest ${key === undefined ? kind : "key"} that exists.`,
        expected: `${expected} with ${similar}.`,
      },
    ];
  },
  remedy:
    "`fix_reference` to the ConfigMap or key with the nearest name, or `restore_object` for a deleted ConfigMap that the change journal kept. Otherwise, create the object or correct the reference.",
  otherwise: "{step}",
});
