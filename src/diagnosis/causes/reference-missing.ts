// A pod template refers to a ConfigMap, a Secret or a key of one that is not there: the kubelet cannot make the container or mount the volume.
// The messages are the kubelet's own (pkg/kubelet/kubelet_pods.go, pkg/volume/{configmap,secret}).
import { podStates } from "#diagnosis/workload-states.ts";
import { ConfigMaps, type Container, Secrets } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import type { ObservedChange, ObservedEvent } from "#evidence/evidence.ts";
import { assess, eventQuote, objectQuote, person, restored } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment, Facts } from "#diagnosis/finding.ts";
import { isReady } from "#api/conditions.ts";
import { nearest } from "#diagnosis/nearest.ts";
import type { View, Workload } from "#diagnosis/view.ts";

const code = "ReferenceMissing";

interface Missing {
  readonly kind: "ConfigMap" | "Secret";
  /** Absent where the message names only the key. */
  readonly name?: string;
  readonly key?: string;
}

export const referenceMissing: Cause = {
  code,
  title: "A reference to a ConfigMap, a Secret or a key that is not there",
  reads: "Containers that wait with CreateContainerConfigError, FailedMount events, and the ConfigMaps and Secrets that exist.",
  means: "The template refers to something that does not exist; or it existed and was deleted.",
  remedy:
    "`fix_reference` to the ConfigMap or key with the nearest name, or `restore_object` for a deleted ConfigMap that the change journal kept. Otherwise, create the object or correct the reference.",
  find: (view) => view.workloads.flatMap((workload) => find(view, workload)),
};

const find = (view: View, workload: Workload): Assessment[] => {
  const complaints = complaintsOf(view, workload);
  const seen = new Set<string>();
  return complaints.flatMap(({ missing, quote, container }): Assessment[] => {
    const id = `${missing.kind} ${missing.name} ${missing.key}`;
    if (seen.has(id)) return [];
    seen.add(id);
    const { namespace = "" } = workload.reference;
    const named = missing.name === undefined ? undefined : { kind: missing.kind, namespace, name: missing.name };
    const type = missing.kind === "ConfigMap" ? ConfigMaps : Secrets;
    const present = named !== undefined && view.get(type, namespace, named.name) !== undefined;
    const deleted = named === undefined ? undefined : view.changesOf(named).find(({ kind }) => kind === "deleted");
    const what =
      missing.key === undefined
        ? `${missing.kind} ${missing.name}`
        : `key ${missing.key} of ${missing.kind} ${missing.name ?? "(see the quote)"}`;
    return [
      assess(
        code,
        {
          required: [],
          // Written meanwhile: the kubelet takes it at its next try.
          against: [{ claim: `${missing.kind} ${missing.name} exists by now`, holds: missing.key === undefined && present }],
          supporting: [
            {
              claim: `${what} is not in the list`,
              holds: missing.key === undefined && view.knows(type, namespace) ? !present : "unknown",
              weight: 2,
            },
            { claim: "no container of the pod has run with it", holds: container, weight: 1 },
            { claim: "its deletion was seen", holds: deleted === undefined ? "unknown" : true, weight: 1 },
          ],
        },
        () => ({
          object: deleted === undefined || named === undefined ? workload.reference : { apiVersion: "v1", ...named },
          summary:
            deleted === undefined
              ? `${referenceText(workload.reference)} refers to ${what}, which does not exist.`
              : `${what} was deleted at ${deleted.at} by ${deleted.by}; ${referenceText(workload.reference)} needs it to start.`,
          chain: [`${what} does not exist`, `the kubelet cannot start pods of ${referenceText(workload.reference)}`],
          quotes: [
            quote,
            ...(deleted === undefined || named === undefined ? [] : [objectQuote(named, `deleted ${deleted.at} by ${deleted.by}`)]),
          ],
          detail: { kind: missing.kind },
          explains: [workload.reference],
          facts: factsOf(view, workload, missing, deleted),
        }),
      ),
    ];
  });
};

const factsOf = (view: View, { reference }: Workload, missing: Missing, deleted: ObservedChange | undefined): Facts => {
  const { namespace = "" } = reference;
  const configMap = missing.name === undefined ? undefined : view.get(ConfigMaps, namespace, missing.name);
  if (deleted !== undefined && missing.kind === "Secret")
    return person(`recreate Secret ${missing.name}; Kintsugi keeps no values of Secrets`);
  if (deleted !== undefined && configMap === undefined)
    return restored(deleted, `The pods of ${referenceText(reference)} start with it.`, `recreate ConfigMap ${missing.name}`);
  const candidates =
    missing.key === undefined
      ? view.all(missing.kind === "ConfigMap" ? ConfigMaps : Secrets, namespace).map(({ metadata }) => metadata.name)
      : Object.keys({ ...configMap?.data, ...configMap?.binaryData });
  const wanted = missing.key ?? missing.name ?? "";
  const meant = nearest(wanted, candidates);
  if (meant === undefined || missing.name === undefined)
    return person(`create ${wanted}, or correct the reference; nothing has a similar name`);
  if (missing.kind === "Secret")
    return person(`create Secret ${missing.name}, or correct the reference; Secret ${meant} has a similar name`);
  return {
    remedies: [
      {
        action: "fix_reference",
        target: reference,
        parameters: { kind: missing.kind, name: missing.name, ...(missing.key === undefined ? {} : { key: missing.key }), to: meant },
        rationale: `${meant} is the nearest ${missing.key === undefined ? missing.kind : "key"} that exists.`,
        expected: `The pods of ${referenceText(reference)} start with ${meant}.`,
      },
    ],
    otherwise: `create ${missing.key === undefined ? `${missing.kind} ${missing.name}` : `key ${missing.key} in ${missing.kind} ${missing.name}`}, or correct the reference to ${meant}`,
  };
};

interface Complaint {
  readonly missing: Missing;
  readonly quote: ReturnType<typeof objectQuote>;
  /** Said by a container that never ran, instead of by an event. */
  readonly container: boolean;
}

const complaintsOf = (view: View, workload: Workload): readonly Complaint[] => {
  if (workload.pods.every(isReady)) return [];
  const waiting = podStates(view, workload)
    .filter((pod) => !pod.isDeleting)
    .flatMap(({ name, containers }) =>
      containers.flatMap(({ name: container, state, restarts }): Complaint[] => {
        if (state.reason !== "CreateContainerConfigError" || state.message === undefined) return [];
        const missing = missingIn(state.message);
        const text = `container ${container} waits: ${state.reason}: ${state.message}`;
        const pod = { kind: "Pod", namespace: workload.reference.namespace, name };
        return missing === undefined ? [] : [{ missing, quote: objectQuote(pod, text), container: restarts === 0 }];
      }),
    );
  const unready = new Set(
    podStates(view, workload)
      .filter((pod) => !pod.isReady && !pod.isDeleting)
      .map(({ uid }) => uid),
  );
  const mounts = view
    .eventsAround(workload)
    .filter((event) => event.reason === "FailedMount" && event.uid !== undefined && unready.has(event.uid))
    .flatMap((event: ObservedEvent): Complaint[] => {
      const missing = missingIn(event.message);
      return missing === undefined ? [] : [{ missing, quote: eventQuote(event), container: true }];
    });
  // Where the status of the container was not kept, the kubelet's event about the same pod says the same.
  const refusals = view
    .eventsAround(workload)
    .filter((event) => event.reason === "Failed" && event.uid !== undefined && unready.has(event.uid) && waiting.length === 0)
    .flatMap((event): Complaint[] => {
      const missing = missingIn(event.message);
      return missing === undefined ? [] : [{ missing, quote: eventQuote(event), container: true }];
    });
  const said = [...waiting, ...refusals, ...mounts];
  return said.length > 0 ? said : unsaid(view, workload);
};

/** Where nobody kept the kubelet's words: what a waiting container takes its environment from, and is in no list that was read in full. */
const unsaid = (view: View, { reference, pods }: Workload): readonly Complaint[] =>
  pods.flatMap((pod) =>
    pod.spec.containers.flatMap((container): Complaint[] => {
      const status = pod.status?.containerStatuses?.find(({ name }) => name === container.name);
      const waits = status?.state?.waiting;
      if (waits?.reason !== "CreateContainerConfigError" || waits.message !== undefined) return [];
      const text = `container ${container.name} waits: ${waits.reason}`;
      return environmentOf(container)
        .filter(({ kind, name }) => {
          const type = kind === "ConfigMap" ? ConfigMaps : Secrets;
          return view.knows(type, reference.namespace) && view.get(type, reference.namespace, name) === undefined;
        })
        .map((missing) => ({
          missing,
          quote: objectQuote({ kind: "Pod", ...pod.metadata }, `${text}; its environment comes from ${missing.kind} ${missing.name}`),
          container: status?.restartCount === 0,
        }));
    }),
  );

const environmentOf = ({ env = [], envFrom = [] }: Container): readonly { readonly kind: Missing["kind"]; readonly name: string }[] => {
  const sources = [
    ...envFrom.map(({ configMapRef, secretRef }) => ({ configMap: configMapRef, secret: secretRef })),
    ...env.map(({ valueFrom }) => ({ configMap: valueFrom?.configMapKeyRef, secret: valueFrom?.secretKeyRef })),
  ];
  return sources.flatMap(({ configMap, secret }) => [
    ...(configMap === undefined || configMap.optional === true ? [] : [{ kind: "ConfigMap" as const, name: configMap.name ?? "" }]),
    ...(secret === undefined || secret.optional === true ? [] : [{ kind: "Secret" as const, name: secret.name ?? "" }]),
  ]);
};

const kinds = { configmap: "ConfigMap", secret: "Secret", config: "ConfigMap" } as const;

export const missingIn = (message: string): Missing | undefined => {
  const key = /couldn't find key (\S+) in (ConfigMap|Secret) (?:[^/\s]+\/)?([^\s,]+)/.exec(message);
  if (key !== null)
    return {
      kind: key[2] as Missing["kind"],
      ...(key[3] === undefined ? {} : { name: key[3] }),
      ...(key[1] === undefined ? {} : { key: key[1] }),
    };
  const item = /references non-existent (config|secret) key: (\S+)/.exec(message);
  if (item !== null) return { kind: kinds[item[1] as "config" | "secret"], ...(item[2] === undefined ? {} : { key: item[2] }) };
  const object = /(configmap|secret)s? "(?:[^/"]+\/)?([^"]+)" not found/.exec(message);
  if (object === null) return undefined;
  return { kind: kinds[object[1] as "configmap" | "secret"], ...(object[2] === undefined ? {} : { name: object[2] }) };
};
