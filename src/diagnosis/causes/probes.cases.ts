// Three cases for each cause in a probe.
import type { Evidence } from "#evidence/evidence.ts";
import { containerStatus, deployment, failing, type PodSketch, warning } from "#test/evidence-sketch.ts";
import { type CasesByCode, withPod } from "#test/three-cases/three-cases.ts";

const unready: PodSketch = failing(containerStatus("web", { running: { startedAt: "2027-03-01T13:00:30Z" } }));
const killed: PodSketch = failing(
  containerStatus(
    "web",
    { running: { startedAt: "2027-03-01T13:59:40Z" } },
    {
      restartCount: 3,
      lastState: { terminated: { exitCode: 137, reason: "Error", startedAt: "2027-03-01T13:59:00Z", finishedAt: "2027-03-01T13:59:39Z" } },
    },
  ),
);
const probed = (probe: object, message: string, pod: PodSketch = unready): Partial<Evidence> => {
  const objects = withPod(deployment("web", { ports: [{ containerPort: 8080 }], ...probe }), pod);
  const kind = "livenessProbe" in probe ? "Liveness" : "Readiness";
  const kills =
    kind === "Liveness"
      ? [warning(objects.at(-1)!, "Killing", "Container web failed liveness probe, will be restarted", { type: "Normal" })]
      : [];
  return { objects, events: [warning(objects.at(-1)!, "Unhealthy", `${kind} probe failed: ${message}`), ...kills] };
};
const readiness = (handler: object): object => ({ readinessProbe: handler });
const late = (initialDelaySeconds: number): Partial<Evidence> => ({
  objects: withPod(deployment("web", readiness({ tcpSocket: { port: 8080 }, initialDelaySeconds })), unready),
});
const impatient = (patience: object): object => ({ livenessProbe: { grpc: { port: 8080 }, ...patience } });
const malformed = 'Get "http://10.1.0.7:8080/": net/http: HTTP/1.x transport connection broken: malformed HTTP response';
const silent = 'timeout: failed to connect service "10.1.0.7:8080" within 1s: context deadline exceeded';

export const cases: CasesByCode = {
  ProbeWrongPort: {
    holds: probed(readiness({ tcpSocket: { port: 8081 } }), "dial tcp 10.1.0.7:8081: connect: connection refused"),
    neighbour: "ProbeWrongProtocol",
    contradicted: probed(readiness({ tcpSocket: { port: 8081 } }), "dial tcp 10.1.0.7:8081: connect: connection refused", {}),
  },
  ProbeWrongProtocol: {
    holds: probed(readiness({ httpGet: { port: 8080, path: "/" } }), malformed),
    neighbour: "ProbeWrongPath",
    contradicted: probed(readiness({ httpGet: { port: 8080, path: "/" } }), "HTTP probe failed with statuscode: 503"),
  },
  ProbeWrongPath: {
    holds: probed(readiness({ httpGet: { port: 8080, path: "/healthy" } }), "HTTP probe failed with statuscode: 404"),
    neighbour: "ProbeWrongPort",
    contradicted: probed(readiness({ httpGet: { port: 8080, path: "/healthy" } }), "HTTP probe failed with statuscode: 503"),
  },
  ProbeTooImpatient: {
    holds: probed(impatient({ periodSeconds: 1, failureThreshold: 1 }), silent, killed),
    neighbour: "ProbeWrongPort",
    contradicted: probed(impatient({}), silent, killed),
  },
  ProbeTooPatient: { holds: late(7_200), neighbour: "ProbeWrongPort", contradicted: late(500) },
};
