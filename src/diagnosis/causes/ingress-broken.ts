// An Ingress that cannot serve: its class, a backend Service or port, or a TLS Secret does not exist.
import { type Ingress, type IngressBackend, IngressClasses, Ingresses, Secrets, Services } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { nearest } from "#diagnosis/nearest.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View } from "#diagnosis/view.ts";

interface Fault {
  readonly kind: "IngressClass" | "Service" | "port" | "Secret";
  readonly wanted: string;
  readonly text: string;
  readonly candidates: readonly string[];
}

const namesOf = (objects: readonly KubeObject[]): readonly string[] => objects.map(({ metadata }) => metadata.name);

/** The annotation `kubernetes.io/ingress.class` is older than the kind: controllers take it without an IngressClass. */
const classFaults = (view: View, { spec }: Ingress): readonly Fault[] => {
  const wanted = spec?.ingressClassName;
  if (wanted === undefined || !view.knows(IngressClasses, undefined) || view.get(IngressClasses, undefined, wanted) !== undefined)
    return [];
  const candidates = namesOf(view.all(IngressClasses));
  return [{ kind: "IngressClass", wanted, text: `IngressClass ${wanted} does not exist`, candidates }];
};

const backendFaults = (view: View, namespace: string | undefined, backend: IngressBackend | undefined): readonly Fault[] => {
  const wanted = backend?.service;
  if (wanted === undefined || !view.knows(Services, namespace)) return [];
  const service = view.get(Services, namespace, wanted.name);
  if (service === undefined) {
    const candidates = namesOf(view.all(Services, namespace));
    return [{ kind: "Service", wanted: wanted.name, text: `Service ${wanted.name} does not exist`, candidates }];
  }
  const { number, name } = wanted.port ?? {};
  const ports = service.spec.ports ?? [];
  const hasPort = ports.some((port) => (number === undefined ? port.name === name : port.port === number));
  if (hasPort || (number === undefined && name === undefined)) return [];
  const port = String(number ?? name);
  return [
    {
      kind: "port",
      wanted: port,
      text: `Service ${wanted.name} has no port ${port} (it has ${ports.map((each) => each.name ?? each.port).join(", ")})`,
      candidates: ports.map((each) => String(number === undefined ? each.name : each.port)),
    },
  ];
};

const secretFaults = (view: View, namespace: string | undefined, wanted: string | undefined): readonly Fault[] =>
  wanted === undefined || !view.knows(Secrets, namespace) || view.get(Secrets, namespace, wanted) !== undefined
    ? []
    : [{ kind: "Secret", wanted, text: `Secret ${wanted} for TLS does not exist`, candidates: namesOf(view.all(Secrets, namespace)) }];

const faultsOf = (view: View, ingress: Ingress): readonly Fault[] => {
  const { spec, metadata } = ingress;
  const backends = [spec?.defaultBackend, ...(spec?.rules ?? []).flatMap((rule) => rule.http?.paths?.map(({ backend }) => backend) ?? [])];
  return [
    ...classFaults(view, ingress),
    ...backends.flatMap((backend) => backendFaults(view, metadata.namespace, backend)),
    ...(spec?.tls ?? []).flatMap(({ secretName }) => secretFaults(view, metadata.namespace, secretName)),
  ];
};

const hintOf = ({ kind, wanted, candidates }: Fault): string => {
  const similar = candidates.length === 1 && kind === "port" ? candidates[0] : nearest(wanted, candidates);
  return similar === undefined ? "" : `; instead of ${kind} ${wanted}, ${similar} exists`;
};

export const ingressBroken = cause({
  code: "IngressBroken",
  title: "An Ingress that refers to a missing object",
  reads: "Ingresses, and the classes, Services, ports and TLS Secrets that they name.",
  means: "Requests to it cannot be served, because an object that it names does not exist.",
  needs: ["objects.Ingress"],
  signs: ["Ingress"],
  of: (view: View) =>
    view.all(Ingresses).flatMap((ingress) => {
      const faults = faultsOf(view, ingress);
      if (faults.length === 0) return [];
      const texts = [...new Set(faults.map(({ text }) => text))];
      return [{ ingress, faults, texts, problems: texts.join("; "), hints: [...new Set(faults.map(hintOf))].join("") }];
    }),
  // A controller may serve an Ingress whose class has no object.
  supports: [
    { is: "a Service, a port or a TLS Secret is missing", holds: ({ faults }) => faults.some(({ kind }) => kind !== "IngressClass") },
  ],
  object: ({ ingress }) => ingress,
  says: "{ingress} cannot serve: {problems}.",
  chain: "{texts}",
  quotes: ({ ingress, faults }) => [objectQuote(ingress, faults.map(({ text, kind, wanted }) => `${kind} ${wanted}: ${text}`).join("\n"))],
  // Exposure is a decision of a person: a Service with a similar name may be an internal one.
  remedy: "Create the missing object, or correct the Ingress. Kintsugi does not expose a Service because its name is similar.",
  otherwise: "create the missing object, or correct the Ingress{hints}",
});
