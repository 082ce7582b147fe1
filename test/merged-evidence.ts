// Evidence of one fault with more evidence beside it: of another tenant, of callers, of anything else that is true. Pure.
import type { KubeObject } from "#api/object.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { deployment } from "#test/evidence-sketch.ts";
import { says, service, withPod } from "#test/three-cases/three-cases.ts";

export type Parts = Partial<Evidence>;

const identityOf = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;

/** The same fault of another tenant: in another namespace, on other nodes. */
export const elsewhere = (parts: Parts): Parts =>
  JSON.parse(
    JSON.stringify(parts)
      .replaceAll('"shop"', '"other"')
      .replaceAll("shop/", "other/")
      .replaceAll("-shop-", "-other-")
      .replaceAll("node-a", "node-x")
      .replaceAll("node-b", "node-y")
      .replaceAll("n1", "m1"),
  ) as Parts;

export const merged = (parts: Parts, more: Parts): Parts => {
  const known = new Set((parts.objects ?? []).map(identityOf));
  const both = <K extends "events" | "logs" | "metrics" | "changes" | "firing" | "connections" | "components" | "alerts">(key: K) =>
    [...(parts[key] ?? []), ...(more[key] ?? [])] as Evidence[K];
  return {
    ...parts,
    scope: { namespaces: ["shop", "other"] },
    objects: [...(parts.objects ?? []), ...(more.objects ?? []).filter((object) => !known.has(identityOf(object)))],
    events: both("events"),
    logs: both("logs"),
    metrics: both("metrics"),
    changes: both("changes"),
    firing: both("firing"),
    connections: both("connections"),
    components: both("components"),
    alerts: both("alerts"),
  };
};

/** A healthy workload beside it, whose log says that the object does not answer. */
export const complained = (parts: Parts, name: string): Parts => {
  const caller = deployment("caller");
  const front = service(name, `selector: { app: ${name} }, ports: [{ port: 8080 }]`);
  return merged(parts, {
    objects: [...withPod(caller), front],
    logs: [says("caller", `dial tcp ${name}:8080: connect: connection refused\n`.repeat(3))],
  });
};
