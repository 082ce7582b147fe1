// A deletion that does not end: a finalizer waits for a controller that does not answer, or a namespace cannot be emptied.
import { Namespaces } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { durationText } from "#diagnosis/explain.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";

/** Finalizers take time: volumes are detached, load balancers removed. */
const patienceMs = 5 * 60_000;

interface Deleted extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[] };
}

export const deletionStuck = cause({
  code: "DeletionStuck",
  title: "A deletion that does not end",
  reads: "Objects with a deletionTimestamp and finalizers, and the conditions of namespaces that are being deleted.",
  means: "The controller of a finalizer does not remove it, or a namespace still contains objects that cannot be deleted.",
  needs: ["objects.Namespace"],
  signs: ["deletion"],
  of: (view: View) =>
    (view.evidence.objects as readonly Deleted[]).flatMap((object) => {
      const { deletionTimestamp, finalizers = [], namespace } = object.metadata;
      if (deletionTimestamp === undefined) return [];
      const conditions =
        object.kind === "Namespace"
          ? (object.status?.conditions ?? []).filter(({ status, message }) => status === "True" && message !== undefined)
          : [];
      // A pod without finalizers waits for its kubelet: the node is the cause.
      if (finalizers.length + conditions.length === 0) return [];
      // The timestamp of a deletion includes its grace period.
      const forMs = view.now - (fromTimestamp(deletionTimestamp) ?? view.now);
      const holds = [...finalizers.map((name) => `finalizer ${name} remains`), ...conditions.map(({ message = "" }) => message)];
      const lines = [
        `deletionTimestamp ${deletionTimestamp}`,
        ...(finalizers.length > 0 ? [`finalizers: ${finalizers.join(", ")}`] : []),
        ...conditions.map(({ type, message }) => `${type}: ${message}`),
      ];
      return [{ object, namespace, forMs, duration: durationText(forMs), holds: holds.join("; "), text: lines.join("\n") }];
    }),
  when: [{ is: "the deletion takes long", holds: ({ forMs }) => forMs > patienceMs }],
  supports: [
    {
      is: "its namespace is not being deleted with it",
      holds: ({ namespace }, view) =>
        namespace === undefined || view.get(Namespaces, undefined, namespace)?.metadata.deletionTimestamp === undefined,
    },
  ],
  object: ({ object }) => object,
  says: "{object} was deleted {duration} ago and still exists: {holds}.",
  chain: "{holds} → the API server keeps the object until then",
  quotes: ({ object, text }) => [objectQuote(object, text)],
  otherwise: "repair the controller of the finalizer; removing the finalizer by hand leaves its external resources behind",
});
