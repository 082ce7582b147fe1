// Two programs of a pod at one port; against one that takes its own port twice, and one that has got over it.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { portConflict, portIn } from "#diagnosis/causes/port-conflict.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { answers, containerStatus, crashed, deployment, failing, podsOf } from "#test/evidence-sketch.ts";

const sidecar = { name: "proxy", image: "example.test/proxy:1", ports: [{ containerPort: 8080 }] };
const scene = (text: string, containers: readonly object[], status = failing(crashed("web", 1))): Partial<Evidence> => {
  const web = deployment(
    "web",
    {},
    { pod: { containers: [{ name: "web", image: "example.test/web:1", ports: [{ containerPort: 8080 }] }, ...containers] } },
  );
  return {
    objects: [web, ...podsOf(web, status)],
    logs: [{ namespace: "shop", pod: "web-7d9c5b8f6-bx2z4", run: "previous", text }],
  };
};

test.each([
  "Web server failed to start. Port 8080 was already in use.",
  "listen tcp :8080: bind: address already in use",
  "Error: listen EADDRINUSE: address already in use :::8080",
  "nginx: [emerg] bind() to 0.0.0.0:8080 failed (98: Address already in use)",
])("the sidecar has the port: %s", (text) => {
  expect(answers(portConflict, scene(text, [sidecar]))).toEqual(["PortConflict Deployment web → person"]);
});

test("the port is the one that the earlier expression found in the line", () => {
  const earlier =
    /[Pp]ort (\d{1,5}) (?:is|was) already in use|(?:EADDRINUSE|listen tcp|bind\(\) to|address already in use)\D*?[^\s"']*?:(\d{1,5})\b/;
  const word = fc.constantFrom("EADDRINUSE", "listen tcp ", "bind() to", " ", ":", ":8080", "10.0.0.1", "'", "a");
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (words) => {
      const line = words.join("");
      const match = earlier.exec(line);
      const port = match?.[1] ?? match?.[2];
      expect(portIn(line)).toBe(port === undefined ? undefined : Number(port));
    }),
  );
});

test("an annotation sets the port of an injected proxy", () => {
  const web = deployment("web", { ports: [{ containerPort: 8080 }] });
  const pods = podsOf(web, {
    ...failing(crashed("web", 1)),
    annotations: { "proxy.istio.io/config": '{ "statusPort": 8080 }' },
    spec: { containers: [{ name: "web", ports: [{ containerPort: 8080 }] }, { name: "istio-proxy" }] },
  });
  const text = "Port 8080 is already in use";
  const parts = { objects: [web, ...pods], logs: [{ namespace: "shop", pod: "web-7d9c5b8f6-bx2z4", run: "current" as const, text }] };
  expect(answers(portConflict, parts)).toEqual(["PortConflict Deployment web → person"]);
});

test("alone in its pod the program takes its own port twice: another cause", () => {
  expect(answers(portConflict, scene("listen tcp :8080: bind: address already in use", []))).toEqual([]);
});

test("the pod is ready by now: no finding", () => {
  const running = { status: { containerStatuses: [containerStatus("web", { running: {} }, { ready: true, restartCount: 1 })] } };
  expect(answers(portConflict, scene("listen tcp :8080: bind: address already in use", [sidecar], running))).toEqual([]);
});

test("a connection that is refused is no port in use", () => {
  expect(answers(portConflict, scene("dial tcp 10.0.0.1:8080: connect: connection refused", [sidecar]))).toEqual([]);
});
