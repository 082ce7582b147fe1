// Probes that ask the wrong thing, on sketches: each fault beside the others.
import { expect, test } from "vitest";
import type { Deployment, Pod } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { diagnoseCluster } from "#diagnosis/diagnose.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { evidence, objects, podsOf, warning } from "#test/evidence-sketch.ts";

const web = (probes: string, ports = "[{ containerPort: 8080, name: http }]"): Deployment =>
  objects(`
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - { name: main, image: "web:1", ports: ${ports}, ${probes} }
`)[0] as Deployment;

const unready = {
  conditions: [
    { type: "Ready", status: "False" },
    { type: "PodScheduled", status: "True" },
  ],
};
const killed = {
  ...unready,
  containerStatuses: [
    {
      name: "main",
      image: "web:1",
      ready: false,
      restartCount: 3,
      state: { running: { startedAt: "2027-03-01T13:59:40Z" } },
      lastState: { terminated: { exitCode: 137, reason: "Error", startedAt: "2027-03-01T13:59:00Z", finishedAt: "2027-03-01T13:59:39Z" } },
    },
  ],
};

const restartedOnce = {
  ...unready,
  containerStatuses: [
    {
      name: "main",
      image: "web:1",
      ready: false,
      restartCount: 1,
      state: { running: { startedAt: "2027-02-20T00:00:00Z" } },
      lastState: { terminated: { exitCode: 1, reason: "Error", startedAt: "2027-02-19T00:00:00Z", finishedAt: "2027-02-20T00:00:00Z" } },
    },
  ],
};

const probed = (
  probes: string,
  status: Pod["status"] & object,
  said: readonly string[],
  nodes: readonly KubeObject[] = [],
  ports?: string,
  count = 9,
): Evidence => {
  const deployment = web(probes, ports);
  const made = podsOf(deployment, { status });
  const pod = made.at(-1) as Pod;
  const kills =
    status === killed
      ? [{ ...warning(pod, "Killing", "Container main failed liveness probe, will be restarted"), type: "Normal" as const }]
      : [];
  return evidence({
    objects: [deployment, ...made, ...nodes],
    events: [...said.map((text) => ({ ...warning(pod, "Unhealthy", text), count })), ...kills],
  });
};

const foundIn = (given: Evidence): string[] =>
  diagnoseCluster(given).findings.map(({ code, detail }) => `${code}${detail === undefined ? "" : ` ${detail["probe"]}`}`);

const grpc = "grpc: { port: 8080 }";
const refused = "dial tcp 10.1.0.7:8081: connect: connection refused";
const malformed = 'Get "http://10.1.0.7:8080/": net/http: HTTP/1.x transport connection broken: malformed HTTP response';
const late = 'timeout: failed to connect service "10.1.0.7:8080" within 1s: context deadline exceeded';
const node = {
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "node-a", uid: "n", resourceVersion: "1", creationTimestamp: "2027-01-01T00:00:00Z" },
  status: { conditions: [{ type: "Ready", status: "Unknown" }] },
} as KubeObject;

const cases: readonly (readonly [name: string, given: Evidence, codes: readonly string[]])[] = [
  [
    "a readiness probe of a port that is not declared",
    probed("readinessProbe: { tcpSocket: { port: 8081 } }", unready, [`Readiness probe failed: ${refused}`]),
    ["ProbeWrongPort readiness"],
  ],
  [
    "a liveness probe of a port that is not declared, found instead of a crash",
    probed(`livenessProbe: { httpGet: { port: 8081, path: / } }, readinessProbe: { ${grpc} }`, killed, [
      `Liveness probe failed: Get "http://10.1.0.7:8081/": ${refused}`,
    ]),
    ["ProbeWrongPort liveness"],
  ],
  [
    "a port by a name that no port has",
    probed("readinessProbe: { httpGet: { port: web, path: / } }", unready, ["Readiness probe failed: couldn't find port: web"]),
    ["ProbeWrongPort readiness"],
  ],
  [
    "a probe by HTTP of a program that speaks gRPC",
    probed(`readinessProbe: { httpGet: { port: 8080, path: / } }, livenessProbe: { ${grpc} }`, unready, [
      `Readiness probe failed: ${malformed}`,
    ]),
    ["ProbeWrongProtocol readiness"],
  ],
  [
    "a probe by HTTP of a program that speaks first, or not in lines",
    probed("livenessProbe: { httpGet: { port: 8080, path: / } }", killed, [
      'Liveness probe failed: Get "http://10.1.0.7:8080/": net/http: HTTP/1.x transport connection broken: malformed HTTP status code "wrong"',
    ]),
    ["ProbeWrongProtocol liveness"],
  ],
  [
    "a probe by HTTP/1 of a program that takes HTTP/2 alone and says so",
    probed(`livenessProbe: { httpGet: { port: 8080, path: / } }, readinessProbe: { ${grpc} }`, killed, [
      "Liveness probe failed: HTTP probe failed with statuscode: 400",
    ]),
    ["ProbeWrongProtocol liveness"],
  ],
  [
    "a port that is not declared, seen once, while the program answers on its own",
    probed(
      `readinessProbe: { grpc: { port: 8081 } }, livenessProbe: { ${grpc} }`,
      unready,
      [`Readiness probe failed: ${refused}`],
      [],
      undefined,
      1,
    ),
    ["ProbeWrongPort readiness"],
  ],
  [
    "a probe by HTTPS of a program that speaks HTTP",
    probed("livenessProbe: { httpGet: { port: 8080, scheme: HTTPS, path: / } }", killed, [
      'Liveness probe failed: Get "https://10.1.0.7:8080/": http: server gave HTTP response to HTTPS client',
    ]),
    ["ProbeWrongProtocol liveness"],
  ],
  [
    "a path that is not there",
    probed("readinessProbe: { httpGet: { port: 8080, path: /healthy } }", unready, [
      "Readiness probe failed: HTTP probe failed with statuscode: 404",
    ]),
    ["ProbeWrongPath readiness"],
  ],
  [
    "a liveness probe that gives up at once",
    probed(
      `livenessProbe: { ${grpc}, initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 1 }, readinessProbe: { ${grpc} }`,
      killed,
      [`Liveness probe failed: ${late}`],
    ),
    ["ProbeTooImpatient liveness"],
  ],
  [
    "a readiness probe that does not wait for the answer for which the liveness probe waits",
    probed(`readinessProbe: { ${grpc}, timeoutSeconds: 1 }, livenessProbe: { ${grpc}, timeoutSeconds: 5 }`, unready, [
      `Readiness probe failed: ${late}`,
    ]),
    ["ProbeTooImpatient readiness"],
  ],
  [
    "a readiness probe that no other outwaits: the program is slow for all",
    probed(`readinessProbe: { ${grpc}, timeoutSeconds: 1 }, livenessProbe: { ${grpc}, timeoutSeconds: 1 }`, unready, [
      `Readiness probe failed: ${late}`,
    ]),
    [],
  ],
  [
    "a probe that fails in a container which has run since, whatever restarted it long ago",
    probed("readinessProbe: { tcpSocket: { port: 8081 } }", restartedOnce, [`Readiness probe failed: ${refused}`]),
    ["ProbeWrongPort readiness"],
  ],
  [
    "one that is as patient as the defaults is not impatient: the program hangs",
    probed(`livenessProbe: { ${grpc} }, readinessProbe: { ${grpc} }`, killed, [
      `Liveness probe failed: ${late}`,
      `Readiness probe failed: ${late}`,
    ]),
    [],
  ],
  [
    "a program that says itself that it is not well is asked the right thing",
    probed("readinessProbe: { httpGet: { port: 8080, path: / } }", unready, [
      "Readiness probe failed: HTTP probe failed with statuscode: 503",
    ]),
    [],
  ],
  [
    "a container that declares no port proves nothing",
    probed("readinessProbe: { tcpSocket: { port: 8081 } }", unready, [`Readiness probe failed: ${refused}`], [], "[]"),
    [],
  ],
  [
    "a pod that was slow to become ready is well by now",
    probed("readinessProbe: { tcpSocket: { port: 8081 } }", {}, [`Readiness probe failed: ${refused}`]),
    [],
  ],
  [
    "a pod on a node that does not report is not asked",
    probed("readinessProbe: { tcpSocket: { port: 8081 } }", unready, [`Readiness probe failed: ${refused}`], [node]),
    ["KubeletDown"],
  ],
];

test.each(cases)("%s", (_name, given, codes) => {
  expect(foundIn(given)).toEqual(codes);
});
