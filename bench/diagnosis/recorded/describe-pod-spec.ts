// Containers, probes, variables, volumes and tolerations out of a described pod or pod template. What describe hides (affinity, pull secrets) is not here.
import type { Container, ContainerStateDetail, ContainerStatus, EnvVar, PodSpec, Volume } from "#api/kubernetes.ts";
import { type Field, field, fieldsOf, labelsOf, listOf, said, valueOf } from "#bench/diagnosis/recorded/describe-text.ts";
import { timestampOf } from "#bench/diagnosis/recorded/times.ts";

export interface DescribedSpec {
  readonly spec: PodSpec;
  readonly statuses: readonly ContainerStatus[];
  readonly initStatuses: readonly ContainerStatus[];
}

export const podSpecOf = (fields: readonly Field[]): DescribedSpec => {
  const containers = containersOf(field(fields, "Containers"));
  const init = containersOf(field(fields, "Init Containers"));
  const account = valueOf(fields, "Service Account");
  const tolerations = listOf(field(fields, "Tolerations")).flatMap(tolerationOf);
  const node = /^([^/\s]+)\//.exec(valueOf(fields, "Node") ?? "")?.[1];
  return {
    spec: {
      containers: containers.map(({ container }) => container),
      ...(init.length === 0 ? {} : { initContainers: init.map(({ container }) => container) }),
      volumes: fieldsOf(field(fields, "Volumes").below).map(volumeOf),
      nodeSelector: labelsOf(field(fields, "Node-Selectors")),
      tolerations,
      ...(account === undefined ? {} : { serviceAccountName: account }),
      ...(node === undefined ? {} : { nodeName: node }),
    },
    statuses: containers.flatMap(({ status }) => (status === undefined ? [] : [status])),
    initStatuses: init.flatMap(({ status }) => (status === undefined ? [] : [status])),
  };
};

const containersOf = ({ below }: Field): readonly { container: Container; status?: ContainerStatus }[] =>
  fieldsOf(below).map(({ key, below: lines }) => {
    const fields = fieldsOf(lines);
    const status = statusOf(key, fields);
    return { container: containerOf(key, fields), ...(status === undefined ? {} : { status }) };
  });

const containerOf = (name: string, fields: readonly Field[]): Container => {
  const env = fieldsOf(field(fields, "Environment").below).flatMap(variableOf);
  const limits = quantitiesOf(field(fields, "Limits"));
  const requests = quantitiesOf(field(fields, "Requests"));
  const command = field(fields, "Command").below;
  const args = field(fields, "Args").below;
  const envFrom = field(fields, "Environment Variables from").below.flatMap(sourceOf);
  const image = valueOf(fields, "Image");
  return {
    name,
    ...(image === undefined ? {} : { image }),
    ...(command.length === 0 ? {} : { command: command.map((line) => line.trim()) }),
    ...(args.length === 0 ? {} : { args: args.map((line) => line.trim()) }),
    ports: portsOf(fields),
    resources: { ...(limits === undefined ? {} : { limits }), ...(requests === undefined ? {} : { requests }) },
    ...(env.length === 0 ? {} : { env }),
    ...(envFrom.length === 0 ? {} : { envFrom }),
    volumeMounts: field(fields, "Mounts").below.flatMap(mountOf),
    ...probesOf(fields),
  };
};

const portsOf = (fields: readonly Field[]): NonNullable<Container["ports"]> => {
  const texts = (key: string): string[] => (valueOf(fields, key) ?? valueOf(fields, `${key}s`) ?? "").split(/,\s*/);
  const hosts = texts("Host Port").map((text) => Number(/^\d+/.exec(text)?.[0] ?? 0));
  return texts("Port").flatMap((text, index) => {
    const match = /^(\d+)\/([A-Z]+)(?: \((.+)\))?$/.exec(text.trim());
    if (match === null) return [];
    const hostPort = hosts[index] ?? 0;
    return [
      {
        containerPort: Number(match[1]),
        protocol: match[2] ?? "TCP",
        ...(match[3] === undefined ? {} : { name: match[3] }),
        ...(hostPort === 0 ? {} : { hostPort }),
      },
    ];
  });
};

const quantitiesOf = ({ below }: Field): Record<string, string> | undefined =>
  below.length === 0 ? undefined : Object.fromEntries(fieldsOf(below).map(({ key, value }) => [key, value]));

const variableOf = ({ key, value, below }: Field): EnvVar[] => {
  if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(key)) return [];
  const reference = /^<set to the key '(.*?)' (?:in secret|of config map) '(.*?)'>/.exec(value);
  if (reference !== null) {
    const target = { name: reference[2] ?? "", key: reference[1] ?? "", optional: /Optional:\s+true/.test(value) };
    return [{ name: key, valueFrom: value.includes("' in secret '") ? { secretKeyRef: target } : { configMapKeyRef: target } }];
  }
  const fieldPath = /\(v\d+:(.+)\)$/.exec(value)?.[1];
  if (fieldPath !== undefined) return [{ name: key, valueFrom: { fieldRef: { fieldPath } } }];
  return [{ name: key, value: [value, ...below.map((line) => line.trim())].join("\n").trim() }];
};

const sourceOf = (line: string): NonNullable<Container["envFrom"]> => {
  const match = /^\s*(\S+)\s+(ConfigMap|Secret)\b.*?Optional:\s+(true|false)/.exec(line);
  if (match === null) return [];
  const reference = { name: match[1] ?? "", optional: match[3] === "true" };
  return [match[2] === "Secret" ? { secretRef: reference } : { configMapRef: reference }];
};

const mountOf = (line: string): NonNullable<Container["volumeMounts"]> => {
  const match = /^\s*(\S+) from (\S+) \((r[ow])(?:,path="(.*)")?\)/.exec(line);
  if (match === null) return [];
  const [, mountPath = "", name = "", mode, subPath] = match;
  return [{ name, mountPath, ...(mode === "ro" ? { readOnly: true } : {}), ...(subPath === undefined ? {} : { subPath }) }];
};

const probesOf = (fields: readonly Field[]): Pick<Container, "livenessProbe" | "readinessProbe" | "startupProbe"> => {
  const probe = (key: string): object | undefined => probeOf(valueOf(fields, key));
  const [liveness, readiness, startup] = [probe("Liveness"), probe("Readiness"), probe("Startup")];
  return {
    ...(liveness === undefined ? {} : { livenessProbe: liveness }),
    ...(readiness === undefined ? {} : { readinessProbe: readiness }),
    ...(startup === undefined ? {} : { startupProbe: startup }),
  };
};

const probeOf = (text: string | undefined): object | undefined => {
  const match = /^(.*?)\s+delay=(\S+) timeout=(\S+) period=(\S+) #success=(\d+) #failure=(\d+)/.exec(text ?? "");
  if (match === null) return undefined;
  const [, handler = "", delay = "", timeout = "", period = "", success, failure] = match;
  const seconds = (duration: string): number => Number(/^\d+/.exec(duration)?.[0] ?? 0);
  return {
    ...handlerOf(handler),
    initialDelaySeconds: seconds(delay),
    timeoutSeconds: seconds(timeout),
    periodSeconds: seconds(period),
    successThreshold: Number(success),
    failureThreshold: Number(failure),
  };
};

const handlerOf = (text: string): object => {
  const http = /^http-get (https?):\/\/([^:/]*):([^/\s]*)(\/.*)?$/.exec(text);
  if (http !== null)
    return {
      httpGet: {
        scheme: (http[1] ?? "http").toUpperCase(),
        ...(http[2] === "" ? {} : { host: http[2] }),
        port: portOf(http[3]),
        path: http[4] ?? "/",
      },
    };
  const tcp = /^tcp-socket ([^:]*):(\S+)$/.exec(text);
  if (tcp !== null) return { tcpSocket: { port: portOf(tcp[2]) } };
  const grpc = /^grpc <pod>:(\S+)\s*(\S*)$/.exec(text);
  if (grpc !== null) return { grpc: { port: portOf(grpc[1]), ...(grpc[2] === "" ? {} : { service: grpc[2] }) } };
  const exec = /^exec \[(.*)\]$/.exec(text);
  return exec === null ? {} : { exec: { command: (exec[1] ?? "").split(" ") } };
};

const portOf = (text = ""): number | string => (/^\d+$/.test(text) ? Number(text) : text);

const volumeOf = ({ key, below }: Field): Volume => {
  const fields = fieldsOf(below);
  const type = /^\w+/.exec(field(fields, "Type").value)?.[0];
  const optional = field(fields, "Optional").value === "true";
  if (type === "ConfigMap") return { name: key, configMap: { name: field(fields, "Name").value, optional } };
  if (type === "Secret") return { name: key, secret: { secretName: field(fields, "SecretName").value, optional } };
  if (type === "PersistentVolumeClaim") return { name: key, persistentVolumeClaim: { claimName: field(fields, "ClaimName").value } };
  if (type === "EmptyDir") return { name: key, emptyDir: {} };
  if (type === "HostPath") return { name: key, hostPath: { path: field(fields, "Path").value } };
  return { name: key, projected: {} };
};

/** `key=value:Effect op=Exists for 300s` */
const tolerationOf = (text: string): readonly object[] => {
  const match = /^([^\s:=]*)(?:=([^\s:]*))?(?::(\w+))?(?:\s+op=(\w+))?(?:\s+for\s+(\d+)s)?$/.exec(text);
  if (match === null) return [];
  const [, key = "", value, effect, operator, seconds] = match;
  return [
    {
      ...(key === "" ? {} : { key }),
      operator: operator ?? (value === undefined && key === "" ? "Exists" : "Equal"),
      ...(value === undefined ? {} : { value }),
      ...(effect === undefined ? {} : { effect }),
      ...(seconds === undefined ? {} : { tolerationSeconds: Number(seconds) }),
    },
  ];
};

const statusOf = (name: string, fields: readonly Field[]): ContainerStatus | undefined => {
  if (!fields.some(({ key }) => key === "State")) return undefined;
  const state = stateOf(field(fields, "State"));
  const lastState = stateOf(field(fields, "Last State"));
  const imageID = valueOf(fields, "Image ID");
  return {
    name,
    image: valueOf(fields, "Image") ?? "",
    ...(imageID === undefined ? {} : { imageID }),
    ready: field(fields, "Ready").value === "True",
    restartCount: Number(field(fields, "Restart Count").value) || 0,
    ...(state === undefined ? {} : { state }),
    ...(lastState === undefined ? {} : { lastState }),
  };
};

const stateOf = ({ value, below }: Field): ContainerStateDetail | undefined => {
  const fields = fieldsOf(below);
  const reason = valueOf(fields, "Reason");
  const message = said([field(fields, "Message").value, ...field(fields, "Message").below.map((line) => line.trim())].join("\n"));
  const startedAt = timestampOf(field(fields, "Started").value);
  const finishedAt = timestampOf(field(fields, "Finished").value);
  const words = { ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) };
  if (value === "Waiting") return { waiting: words };
  if (value === "Running") return { running: startedAt === undefined ? {} : { startedAt } };
  if (value !== "Terminated") return undefined;
  return {
    terminated: {
      ...words,
      exitCode: Number(field(fields, "Exit Code").value) || 0,
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(finishedAt === undefined ? {} : { finishedAt }),
    },
  };
};
