// Services and Endpoints out of `kubectl describe`.
import { type Field, field, fieldsOf, labelsOf, said, tableBelow, valueOf } from "#bench/diagnosis/recorded/describe-text.ts";

export const serviceOf = (fields: readonly Field[]): Readonly<Record<string, unknown>> => {
  const ports: { name?: string; port: number; protocol: string; targetPort?: number | string; nodePort?: number }[] = [];
  for (const { key, value } of fields) {
    const match = /^(?:(\S+)\s+)?([^\s/]+)\/([A-Z]+)$/.exec(value);
    if (match === null) continue;
    const [, name, port = "", protocol = "TCP"] = match;
    const last = ports.at(-1);
    if (key === "Port") ports.push({ ...(said(name ?? "") === undefined ? {} : { name: name ?? "" }), port: Number(port), protocol });
    else if (key === "TargetPort" && last !== undefined) last.targetPort = /^\d+$/.test(port) ? Number(port) : port;
    else if (key === "NodePort" && last !== undefined) last.nodePort = Number(port);
  }
  const selector = labelsOf(field(fields, "Selector"));
  const externalName = valueOf(fields, "External Name");
  return {
    spec: {
      type: field(fields, "Type").value,
      ...(valueOf(fields, "IP") === undefined ? {} : { clusterIP: valueOf(fields, "IP") }),
      ...(Object.keys(selector).length === 0 ? {} : { selector }),
      ...(externalName === undefined ? {} : { externalName }),
      ports,
    },
  };
};

export const endpointsOf = (fields: readonly Field[]): Readonly<Record<string, unknown>> => {
  const inner = fieldsOf(field(fields, "Subsets").below);
  const addresses = (key: string): { ip: string }[] => (valueOf(inner, key) ?? "").split(",").flatMap((ip) => (ip === "" ? [] : [{ ip }]));
  const ports = tableBelow(field(inner, "Ports").below).map(({ Name, Port, Protocol }) => ({
    ...(said(Name ?? "") === undefined ? {} : { name: Name }),
    port: Number(Port),
    protocol: Protocol,
  }));
  const ready = addresses("Addresses");
  const notReady = addresses("NotReadyAddresses");
  return { subsets: ready.length + notReady.length === 0 ? [] : [{ addresses: ready, notReadyAddresses: notReady, ports }] };
};
