// DNS settings of a pod's own that lead nowhere; against names that do not exist, and a cluster whose DNS is down for all.
import { expect, test } from "vitest";
import { nameResolutionFails } from "#diagnosis/causes/name-resolution-fails.ts";
import type { Evidence, PodLog } from "#evidence/evidence.ts";
import { answers, crashed, deployment, failing, podsOf } from "#test/evidence-sketch.ts";

const timeout = "dial tcp: lookup db.shop.svc on 192.0.2.53:53: read udp 10.0.0.7:4242->192.0.2.53:53: i/o timeout";
const scene = (pod: object, text: string, more: Partial<Evidence> = {}): Partial<Evidence> => {
  const web = deployment("web", {}, { pod });
  const log: PodLog = { namespace: "shop", pod: "web-7d9c5b8f6-bx2z4", container: "web", run: "previous", text };
  return { objects: [web, ...podsOf(web, failing(crashed("web", 1)))], logs: [log], ...more };
};
const own = { dnsPolicy: "None", dnsConfig: { nameservers: ["192.0.2.53"] } };

test("nameservers of the pod's own do not answer", () => {
  expect(answers(nameResolutionFails, scene(own, timeout))).toEqual(["NameResolutionFails Deployment web → person"]);
  expect(answers(nameResolutionFails, scene(own, "java.net.UnknownHostException: db: Temporary failure in name resolution"))).toHaveLength(
    1,
  );
});

test("the node's nameservers know no Services", () => {
  expect(answers(nameResolutionFails, scene({ dnsPolicy: "Default" }, "getaddrinfo ENOTFOUND db"))).toEqual([
    "NameResolutionFails Deployment web → person",
  ]);
});

test("the cluster's own settings and a name that does not exist: the name is wrong, not the asking", () => {
  expect(answers(nameResolutionFails, scene({}, "lookup dbb on 10.96.0.10:53: no such host"))).toEqual([]);
});

test("pods with the cluster's own settings get no answer either: its DNS is down", () => {
  const api = deployment("api");
  const parts = scene(own, timeout);
  expect(
    answers(nameResolutionFails, {
      objects: [...(parts.objects ?? []), api, ...podsOf(api, failing(crashed("api", 1)))],
      logs: [...(parts.logs ?? []), { namespace: "shop", pod: "api-7d9c5b8f6-bx2z4", run: "previous", text: timeout }],
    }),
  ).toEqual([]);
});

test("nameservers of its own that answer: no finding", () => {
  const web = deployment("web", {}, { pod: own });
  expect(answers(nameResolutionFails, { objects: [web, ...podsOf(web, {})] })).toEqual([]);
});
