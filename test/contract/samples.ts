// Where things stand in the API and the smallest valid object of each kind the cases use.
export const core = (namespace: string, ...rest: readonly string[]): string => ["/api/v1/namespaces", namespace, ...rest].join("/");

const inGroup =
  (groupVersion: string) =>
  (namespace: string, ...rest: readonly string[]): string =>
    [`/apis/${groupVersion}/namespaces`, namespace, ...rest].join("/");

export const apps = inGroup("apps/v1");
export const batch = inGroup("batch/v1");
export const coordination = inGroup("coordination.k8s.io/v1");
export const policy = inGroup("policy/v1");
export const rbac = inGroup("rbac.authorization.k8s.io/v1");

export type Labels = Readonly<Record<string, string>>;
export type Part = Readonly<Record<string, unknown>>;

export const configMap = (name: string, data: Labels = {}, metadata: Part = {}): Part => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...metadata },
  data,
});

export const container = (extra: Part = {}): Part => ({ name: "web", image: "registry.example/web:1.0", ...extra });

export const pod = (name: string, spec: Part = {}, metadata: Part = {}): Part => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, ...metadata },
  spec: { containers: [container()], ...spec },
});

export const deployment = (name: string, spec: Part = {}, metadata: Part = {}): Part => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, ...metadata },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [container()] } },
    ...spec,
  },
});

export const service = (name: string, spec: Part = {}): Part => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec },
});

/** A failure as the API server reports it. */
export const failure = (code: number, reason: string, message?: unknown): Part => ({
  status: code,
  body: { apiVersion: "v1", kind: "Status", status: "Failure", code, reason, ...(message === undefined ? {} : { message }) },
});
