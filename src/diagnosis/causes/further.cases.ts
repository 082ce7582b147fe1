// Three cases for each cause of a pod without a sandbox or with a failing hook, of names and policies on the way, and of what a controller reports itself.
import type { KubeObject } from "#api/object.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { containerStatus, crashed, deployment, failing, podsOf, warning } from "#test/evidence-sketch.ts";
import { type CasesByCode, one, says, service, type ThreeCases, withPod } from "#test/three-cases/three-cases.ts";

const pending = failing(containerStatus("web", { waiting: { reason: "ContainerCreating" } }));
const starting = { ...pending, status: { ...pending.status, phase: "Pending" } };
const web = deployment("web", {}, { pod: { runtimeClassName: "gvisor" } });

const sandbox = (message: string): ThreeCases["holds"] => {
  const objects = withPod(web, starting);
  return { objects, events: [warning(objects.at(-1)!, "FailedCreatePodSandBox", `Failed to create pod sandbox: ${message}`)] };
};
const running = (message: string): ThreeCases["holds"] => {
  const objects = withPod(web);
  return { objects, events: [warning(objects.at(-1)!, "FailedCreatePodSandBox", `Failed to create pod sandbox: ${message}`)] };
};
const noHandler = 'rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "gvisor" is configured';
const noAddress =
  'rpc error: code = Unknown desc = failed to setup network for sandbox "0a1b": plugin type="bridge" failed (add): no IP addresses available in range set: 10.1.0.1-10.1.0.254';

const hooking = (isReady: boolean): ThreeCases["holds"] => {
  const hooked = deployment("web", { lifecycle: { postStart: { exec: { command: ["/bin/register"] } } } });
  const objects = withPod(hooked, isReady ? {} : failing(crashed("web", 137)));
  const message = "PostStartHook failed: command '/bin/register' exited with 1: refused";
  return { objects, events: [warning(objects.at(-1)!, "FailedPostStartHook", message)] };
};

const priority = (): KubeObject[] => {
  const [set] = podsOf(deployment("web"));
  return [deployment("web"), set!];
};
const refusedFor = (...more: readonly KubeObject[]): ThreeCases["holds"] => {
  const objects = priority();
  const message = 'Error creating: pods "web-x" is forbidden: no PriorityClass with name high was found';
  return { objects: [...objects, ...more], events: [warning(objects[1]!, "FailedCreate", message)] };
};

const mail = (externalName: string, line: string): Partial<Evidence> => ({
  objects: [
    ...withPod(deployment("web")),
    one(`{ apiVersion: v1, kind: Service, metadata: { name: mail }, spec: { type: ExternalName, externalName: ${externalName} } }`),
  ],
  logs: [says("web", Array.from({ length: 4 }, (_, at) => `2027-03-01T13:59:1${at}Z ERROR send failed: ${line}`).join("\n"))],
});

const letIn = (app: string): Partial<Evidence> => ({
  objects: [
    ...withPod(deployment("web"), failing(containerStatus("web", { running: { startedAt: "2027-03-01T13:00:00Z" } }))),
    ...withPod(deployment("db")),
    service("db"),
    one(
      `{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: guard }, spec: { podSelector: { matchLabels: { app: db } }, policyTypes: [Ingress], ingress: [{ from: [{ podSelector: { matchLabels: { app: ${app} } } }] }] } }`,
    ),
  ],
  logs: [says("web", "2027-03-01T13:59:10Z ERROR dial tcp db:80: i/o timeout")],
});

const certificate = (status: string): Partial<Evidence> => ({
  objects: [
    one(
      `{ apiVersion: cert-manager.io/v1, kind: Certificate, metadata: { name: shop }, status: { conditions: [{ type: Ready, status: "${status}", reason: Failed, message: the order failed, lastTransitionTime: "2027-03-01T13:00:00Z" }] } }`,
    ),
  ],
});

export const cases: CasesByCode = {
  RuntimeClassMissing: { holds: sandbox(noHandler), neighbour: "PodNetworkFails", contradicted: running(noHandler) },
  PodNetworkFails: { holds: sandbox(noAddress), neighbour: "RuntimeClassMissing", contradicted: running(noAddress) },
  StartHookFails: { holds: hooking(false), neighbour: "ProgramFails", contradicted: hooking(true) },
  PriorityClassMissing: {
    holds: refusedFor(),
    neighbour: "PodSecurityRefuses",
    contradicted: refusedFor(...podsOf(deployment("web"), {}).slice(1)),
  },
  ExternalNameUnresolved: {
    holds: mail("smtp.example.test", "lookup mail on 10.96.0.10:53: no such host"),
    neighbour: "ExternalNameIsAddress",
    contradicted: mail("smtp.example.test", "mail answered 550 mailbox unavailable"),
  },
  NetworkPolicyDenies: { holds: letIn("api"), neighbour: "NetworkPolicyIsolates", contradicted: letIn("web") },
  ControllerReports: { holds: certificate("False"), neighbour: "WebhookWithoutServer", contradicted: certificate("True") },
};
