// An Ingress that cannot serve: its class, a backend Service or port, or a TLS Secret is not there.
import { IngressClasses, Ingresses, Secrets, Services, type Ingress, type IngressBackend } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment, Facts } from "#diagnosis/finding.ts";
import { nearest } from "#diagnosis/nearest.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

const code = "IngressBroken";

export const ingressBroken: Cause = {
  code,
  title: "An Ingress that refers to something that is not there",
  reads: "Ingresses, and the classes, Services, ports and TLS Secrets they name.",
  means: "Requests to it cannot be served, because what it names does not exist.",
  remedy: "Create what the Ingress refers to, or correct the Ingress. What is exposed is not decided by similar names.",
  find: (view) => view.all(Ingresses).flatMap((ingress) => find(view, ingress)),
};

interface Fault {
  readonly what: string;
  readonly wanted: string;
  readonly kind: string;
  readonly candidates: readonly string[];
}

const find = (view: View, ingress: Ingress): Assessment[] => {
  const { namespace } = ingress.metadata;
  const reference = referenceTo(ingress);
  const backends = [
    ingress.spec?.defaultBackend,
    ...(ingress.spec?.rules ?? []).flatMap((rule) => rule.http?.paths?.map(({ backend }) => backend) ?? []),
  ];
  const faults = [
    ...classFaults(view, ingress),
    ...backends.flatMap((backend) => backendFaults(view, namespace, backend)),
    ...(ingress.spec?.tls ?? []).flatMap(({ secretName }) => secretFaults(view, namespace, secretName)),
  ];
  if (faults.length === 0)
    return [
      assess(code, { required: [{ claim: `${referenceText(reference)} refers to something that is missing`, holds: false }] }, never),
    ];
  const [first] = faults;
  return [
    assess(
      code,
      {
        required: [{ claim: first?.what ?? "", holds: faults.length > 0 }],
        supporting: [{ claim: "a Service, a port or a TLS Secret is missing", holds: faults.some(({ kind }) => kind !== "IngressClass") }],
      },
      () => ({
        object: reference,
        summary: `${referenceText(reference)} cannot serve: ${faults.map(({ what }) => what).join("; ")}.`.slice(0, 1024),
        chain: [...new Set(faults.map(({ what }) => what))],
        quotes: [objectQuote(reference, faults.map(({ what, kind, wanted }) => `${kind} ${wanted}: ${what}`).join("\n"))],
        facts: factsOf(faults),
      }),
    ),
  ];
};

const never = (): never => {
  throw new Error("an assessment that is ruled out is not put into words");
};

const classFaults = (view: View, { spec, metadata }: Ingress): Fault[] => {
  const wanted = spec?.ingressClassName ?? metadata.annotations?.["kubernetes.io/ingress.class"];
  if (wanted === undefined || !view.knows(IngressClasses, undefined) || view.get(IngressClasses, undefined, wanted) !== undefined)
    return [];
  // The annotation is older than the kind: controllers take it without an IngressClass.
  if (spec?.ingressClassName === undefined) return [];
  return [
    {
      what: `there is no IngressClass ${wanted}`,
      wanted,
      kind: "IngressClass",
      candidates: view.all(IngressClasses).map((each) => each.metadata.name),
    },
  ];
};

const backendFaults = (view: View, namespace: string | undefined, backend: IngressBackend | undefined): Fault[] => {
  const wanted = backend?.service;
  if (wanted === undefined || !view.knows(Services, namespace)) return [];
  const service = view.get(Services, namespace, wanted.name);
  if (service === undefined)
    return [
      {
        what: `there is no Service ${wanted.name}`,
        wanted: wanted.name,
        kind: "Service",
        candidates: view.all(Services, namespace).map((each) => each.metadata.name),
      },
    ];
  const { number, name } = wanted.port ?? {};
  const ports = service.spec.ports ?? [];
  const matches = ports.some((port) => (number === undefined ? port.name === name : port.port === number));
  if (matches || (number === undefined && name === undefined)) return [];
  return [
    {
      what: `Service ${wanted.name} has no port ${number ?? name} (it has ${ports.map((port) => port.name ?? port.port).join(", ")})`,
      wanted: String(number ?? name),
      kind: "port",
      candidates: ports.map((port) => String(number === undefined ? port.name : port.port)),
    },
  ];
};

const secretFaults = (view: View, namespace: string | undefined, wanted: string | undefined): Fault[] =>
  wanted === undefined || !view.knows(Secrets, namespace) || view.get(Secrets, namespace, wanted) !== undefined
    ? []
    : [
        {
          what: `there is no Secret ${wanted} for TLS`,
          wanted,
          kind: "Secret",
          candidates: view.all(Secrets, namespace).map((each) => each.metadata.name),
        },
      ];

/** What is opened to the outside is a person's choice: a Service of a similar name may be one that nobody outside is to reach. */
const factsOf = (faults: readonly Fault[]): Facts => {
  const hints = faults.flatMap(({ kind, wanted, candidates }) => {
    const meant = candidates.length === 1 && kind === "port" ? candidates[0] : nearest(wanted, candidates);
    return meant === undefined ? [] : [`instead of ${kind} ${wanted}, ${meant} exists`];
  });
  return person(["create what the Ingress refers to, or correct the Ingress", ...new Set(hints)].join("; ").slice(0, 1024));
};
