// Which other namespaces programs call, by the addresses in their configuration and what they say. Pure.
import { Namespaces, type PodTemplate } from "#api/kubernetes.ts";
import { configurationTexts } from "#evidence/configuration-texts.ts";
import type { PodLog } from "#evidence/evidence.ts";
import type { Gather } from "#evidence/gather.ts";

/** `backend.orders`, `backend.orders.svc.cluster.local`; the second label is a namespace if there is one of that name. */
const address = /(?<![\w.-])[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\.([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)(?:\.svc)?(?![\w-])/g;
const nameTrouble = /no such host|name resolution|NXDOMAIN|SERVFAIL|EAI_AGAIN|ENOTFOUND|getaddrinfo|server misbehaving|could not resolve/i;

export const calledNamespaces = (
  gather: Gather,
  namespace: string,
  templates: readonly PodTemplate[],
  logs: readonly PodLog[],
): readonly string[] => {
  const known = new Set(gather.of(Namespaces).map(({ metadata }) => metadata.name));
  const texts = [...templates.flatMap((template) => configurationTexts(gather, namespace, template)), ...logs.map(({ text }) => text)];
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const [whole, second = ""] of text.matchAll(address))
      if (second !== namespace && (known.has(second) || (known.size === 0 && whole.endsWith(".svc"))))
        counts.set(second, (counts.get(second) ?? 0) + 1);
  const called = [...counts].toSorted((a, b) => b[1] - a[1]).map(([name]) => name);
  // Whose names are not found is asked where the cluster's DNS runs.
  return logs.some(({ text }) => nameTrouble.test(text)) && namespace !== "kube-system" ? [...new Set([...called, "kube-system"])] : called;
};
