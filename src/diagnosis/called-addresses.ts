// Addresses that a workload is configured to call, by its variables: `HOST:PORT` and URLs, as far as they name Services. Pure.
// Values from ConfigMaps count, from Secrets never.
import { ConfigMaps, Services, type Container, type Service } from "#api/kubernetes.ts";
import type { View, Workload } from "#diagnosis/view.ts";

export interface Called {
  readonly workload: Workload;
  readonly container: string;
  /** The variable that says so. */
  readonly variable: string;
  readonly value: string;
  readonly host: string;
  readonly namespace: string;
  /** The name of the Service, if the host names one. */
  readonly service: string;
  readonly port?: number;
}

const address = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^@/\s]*@)?([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)(?::(\d{1,5}))?(?:[/?].*)?$/i;
const addressName = /(?:ADDR|ADDRESS|HOST|URL|URI|ENDPOINT|SERVER|SERVICE)S?$/i;
const variablesAtMost = 200;

export const calledBy = (view: View, workload: Workload): readonly Called[] => view.once(readAddresses, workload);

const readAddresses = (view: View, workload: Workload): readonly Called[] =>
  workload.template.spec.containers.flatMap((container) =>
    variablesOf(view, workload, container)
      .slice(0, variablesAtMost)
      .flatMap(({ name, value }): Called[] => {
        const match = address.exec(value);
        const [, host = "", port] = match ?? [];
        // A word alone is an address only where the variable says so.
        if (match === null || host === "" || (port === undefined && !value.includes("://") && !addressName.test(name))) return [];
        const parts = host.toLowerCase().replace(/\.$/, "").split(".");
        const [service = "", namespace = workload.reference.namespace ?? "", svc] = parts;
        // Hosts outside of the cluster have a dot and no `svc`.
        const isInside = parts.length <= 2 || svc === "svc";
        if (!isInside || /^\d+$/.test(service) || service === "localhost" || (port === undefined && /^\d/.test(host))) return [];
        if (parts.length === 2 && view.all(Services, namespace).length === 0) return [];
        return [
          {
            workload,
            container: container.name,
            variable: name,
            value,
            host,
            namespace,
            service,
            ...(port === undefined ? {} : { port: Number(port) }),
          },
        ];
      }),
  );

/** Every workload that is configured to call this Service. */
export const callersOf = (view: View, service: Service): readonly Workload[] => {
  const { namespace = "", name } = service.metadata;
  return view.workloads.filter((workload) =>
    calledBy(view, workload).some((each) => each.service === name && each.namespace === namespace),
  );
};

/** Every workload that is configured to call one of its Services. */
export const callersOfWorkload = (view: View, workload: Workload): readonly Workload[] =>
  view.servicesOf(workload).flatMap((service) => callersOf(view, service));

/** A workload that is configured to call a Service of one of these, other than its own. */
export const callsOneOf = (view: View, workload: Workload, others: readonly Workload[]): boolean => {
  const called = calledBy(view, workload);
  return others.some(
    (other) =>
      other !== workload &&
      view
        .servicesOf(other)
        .some(({ metadata }) => called.some(({ service, namespace }) => service === metadata.name && namespace === metadata.namespace)),
  );
};

/** Those at the ends of the chains of calls among these: what makes all of them wait is there, not with those that call them. */
export const lastOfChains = (view: View, workloads: readonly Workload[]): readonly Workload[] =>
  workloads.filter((workload) => !callsOneOf(view, workload, workloads));

const variablesOf = (view: View, workload: Workload, { env = [], envFrom = [] }: Container): readonly { name: string; value: string }[] => [
  ...env.flatMap(({ name, value, valueFrom }) => {
    const key = valueFrom?.configMapKeyRef;
    const text = value ?? (key === undefined ? undefined : view.get(ConfigMaps, workload.reference.namespace, key.name)?.data?.[key.key]);
    return text === undefined || text === "" || text.length > 512 ? [] : [{ name, value: text }];
  }),
  ...envFrom.flatMap(({ configMapRef }) =>
    configMapRef === undefined
      ? []
      : Object.entries(view.get(ConfigMaps, workload.reference.namespace, configMapRef.name)?.data ?? {}).map(([name, value]) => ({
          name,
          value,
        })),
  ),
];
