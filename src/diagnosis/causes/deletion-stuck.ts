// An object that somebody deleted and that cannot go: a finalizer waits for a controller that does not answer, or a namespace cannot be emptied.
import { Namespaces } from "#api/kubernetes.ts";
import { type KubeObject, referenceText } from "#api/object.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { durationText } from "#diagnosis/explain.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";

const code = "DeletionStuck";
/** Finalizers have work to do: volumes to detach, load balancers to remove. */
const patienceMs = 5 * 60_000;

export const deletionStuck: Cause = {
  code,
  title: "A deletion that does not end",
  reads: "Objects with a deletionTimestamp and finalizers, and the conditions of namespaces that end.",
  means: "A finalizer is not removed by the controller that set it, or a namespace still holds what cannot be deleted.",
  remedy: "Repair the controller of the finalizer. Removing the finalizer by hand leaves its external resources behind.",
  find: (view) =>
    view.evidence.objects.filter(({ metadata }) => metadata.deletionTimestamp !== undefined).map((object) => find(view, object)),
};

interface Ending extends KubeObject {
  readonly spec?: { readonly finalizers?: readonly string[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[] };
}

const find = (view: View, object: Ending): Assessment => {
  const reference = referenceTo(object);
  const { deletionTimestamp, finalizers = [], namespace } = object.metadata;
  // A deletion's time includes the grace it was given.
  const forMs = view.now - (fromTimestamp(deletionTimestamp) ?? view.now);
  const stuck =
    object.kind === "Namespace"
      ? (object.status?.conditions ?? []).filter(({ status, message }) => status === "True" && message !== undefined)
      : [];
  const withNamespace = namespace !== undefined && view.get(Namespaces, undefined, namespace)?.metadata.deletionTimestamp !== undefined;
  return assess(
    code,
    {
      required: [
        { claim: `${referenceText(reference)} was to be gone ${durationText(patienceMs)} ago`, holds: forMs > patienceMs },
        { claim: "something holds it", holds: finalizers.length > 0 || stuck.length > 0 },
      ],
      // A pod that its kubelet cannot end is the node's trouble.
      against: [{ claim: "it is a pod", holds: object.kind === "Pod" && finalizers.length === 0 }],
      supporting: [{ claim: "its namespace is not ending with it", holds: !withNamespace, weight: 1 }],
    },
    () => ({
      object: reference,
      summary: `${referenceText(reference)} was deleted ${durationText(forMs)} ago and cannot go: ${holdText(finalizers, stuck)}.`.slice(
        0,
        1024,
      ),
      chain: [holdText(finalizers, stuck).slice(0, 512), "the API server keeps the object until that is done"],
      quotes: [
        objectQuote(
          reference,
          [
            `deletionTimestamp ${deletionTimestamp}`,
            ...(finalizers.length > 0 ? [`finalizers: ${finalizers.join(", ")}`] : []),
            ...stuck.map(({ type, message }) => `${type}: ${message}`),
          ].join("\n"),
        ),
      ],
      facts: person("repair the controller of the finalizer; removing the finalizer by hand leaves its external resources behind"),
    }),
  );
};

const holdText = (finalizers: readonly string[], stuck: readonly { readonly message?: string }[]): string =>
  [...finalizers.map((name) => `finalizer ${name} is still there`), ...stuck.map(({ message }) => message ?? "")].join("; ");
