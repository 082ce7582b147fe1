// Namespaces that the workloads in question call: the objects that a call needs, events and logs. Reads only.
import { Pods } from "#api/kubernetes.ts";
import { templatesOf } from "#evidence/around-target.ts";
import { calledNamespaces as namespacesCalled } from "#evidence/called-namespaces.ts";
import { inParallel } from "#evidence/in-parallel.ts";
import { calledKinds } from "#evidence/kinds-read.ts";
import { readEvents } from "#evidence/sources/events.ts";
import { readMoreLogs } from "#evidence/sources/logs.ts";
import { objects } from "#evidence/sources/objects.ts";
import type { EvidenceSource } from "#evidence/sources/source.ts";

export const calledNamespaces: EvidenceSource = {
  name: "called namespaces",
  needs: objects.needs,
  provides: objects.provides,
  collect: async (collection) => {
    const { gather, target, namespaces, found, extent } = collection;
    if (namespaces === "all") return {};
    const templates = target === undefined ? gather.of(Pods).map(({ spec }) => ({ spec })) : templatesOf(gather, target);
    const called = [...new Set(namespaces.flatMap((namespace) => namespacesCalled(gather, namespace, templates, found.logs)))]
      .filter((name) => !namespaces.includes(name))
      .slice(0, extent.called);
    if (called.length === 0) return {};
    await inParallel(
      called.flatMap((namespace) => calledKinds.map((kind) => ({ kind, namespace }))),
      extent.listsAtOnce,
      ({ kind, namespace }) => gather.list(kind, { namespace }),
    );
    const events = await readEvents(collection, called);
    return { called, events, ...(await readMoreLogs(collection, extent.logs.max + 2)) };
  },
};
