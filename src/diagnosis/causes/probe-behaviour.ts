// Probes that fail although the program works: the check takes longer than its timeout, the program listens on the loopback address, its gRPC health
// service is missing.
import { lineIn, lineQuote } from "#diagnosis/log-lines.ts";
import { containerOf, containerStatusOf } from "#diagnosis/containers.ts";
import { type ProbeFailure, probeFailures } from "#diagnosis/probe-failures.ts";
import { objectQuote, quote } from "#diagnosis/quotes.ts";
import { rollbackUnlike } from "#diagnosis/remedies.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View } from "#diagnosis/view.ts";

const needs = ["objects.Pod", "events"] as const;
const signs = ["event Unhealthy"] as const;

interface Failing extends ProbeFailure {
  readonly name: string;
  readonly timeout: number;
}

const failing = (view: View): readonly Failing[] =>
  probeFailures(view).map((failure) => ({ ...failure, name: failure.container.name, timeout: failure.probe.timeoutSeconds }));

const probeQuote = ({ pod, event, message }: Failing) =>
  quote("event", event.object === "" ? pod.metadata.name : event.object, `Unhealthy: ${message}`);

const back = (fields: readonly string[]) => (failure: Failing, view: View) =>
  rollbackUnlike(view, failure.workload, (spec) => fields.map((field) => containerOf(spec, failure.name)?.[field]));

const probeFields = ["livenessProbe", "readinessProbe", "startupProbe"] as const;

export const probeTimesOut = cause({
  code: "ProbeTimesOut",
  title: "A probe that takes longer than its timeout",
  reads: "The kubelet's reports of failing probes, and their timeoutSeconds.",
  means: "The check works and needs more time than timeoutSeconds, which is 1 by default.",
  needs,
  signs,
  of: failing,
  when: [
    {
      is: "the probe times out",
      not: ({ kind }) => `the ${kind} probe fails without a timeout`,
      // Words of pkg/probe: exec, http, tcp and grpc.
      holds: ({ message }) => /timed out|deadline exceeded|Client\.Timeout|i\/o timeout/i.test(message),
    },
    { is: "it is an exec probe, or its container answers otherwise", holds: ({ probe }) => probe.handler === "exec" },
  ],
  supports: [
    { is: "its timeout is the default of 1 s", holds: ({ timeout }) => timeout <= 1 },
    {
      is: "the container runs between its restarts",
      holds: ({ pod, name }) => containerStatusOf(pod, name)?.state?.running !== undefined,
    },
  ],
  says: "The {kind} probe of container {name} of {workload} takes longer than its timeoutSeconds of {timeout}.",
  chain: "timeoutSeconds is {timeout} → the {kind} probe times out → the kubelet counts it as failed",
  quotes: (failure) => [
    probeQuote(failure),
    objectQuote(failure.workload, `${failure.kind}Probe of ${failure.name}: timeoutSeconds ${failure.timeout}`),
  ],
  repairs: back(probeFields),
  remedy: "`rollback_deployment` to a revision with another probe. Otherwise, raise timeoutSeconds.",
  otherwise: "raise timeoutSeconds of the {kind} probe above the time that the check takes",
});

/** `listening on 127.0.0.1:8080`, `Serving at http://localhost:4050`. */
const isLoopback = (line: string): boolean =>
  /listen|serv|\bbind|bound|start|running|ready/i.test(line) &&
  /127\.0\.0\.1|localhost|\[::1\]/i.test(line) &&
  !/refused|timed? ?out/i.test(line);

export const listensOnLoopback = cause({
  code: "ListensOnLoopback",
  title: "A program that listens on the loopback address only",
  reads: "Probes that are refused, the program's own log, and its environment.",
  means: "The program serves on localhost; the kubelet and the Service come to the pod's address and are refused.",
  needs: ["objects.Pod", "events", "logs"],
  signs,
  of: (view: View) =>
    failing(view).flatMap((failure) => {
      const line = lineIn(view.logsOf(failure.workload), (each, { container }) => container === failure.name && isLoopback(each));
      const variable = failure.container.env?.find(({ value = "" }) => /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/.test(value));
      const words = line?.text ?? (variable === undefined ? undefined : `${variable.name}=${variable.value ?? ""}`);
      return words === undefined
        ? []
        : [{ ...failure, words: words.trim().slice(0, 300), line, variable: variable?.name ?? "the listen address" }];
    }),
  when: [{ is: "the probe is refused", holds: ({ message }) => /connection refused/i.test(message) }],
  supports: [
    { is: "its own log says so", holds: ({ line }) => line !== undefined },
    { is: "the probe does not ask at localhost itself", holds: ({ probe }) => probe.handler !== "exec" },
  ],
  says: "Container {name} of {workload} listens on the loopback address only ({words}); the {kind} probe and Services reach the pod's address and are refused.",
  chain: "the program binds to localhost → connections to the pod's address are refused → the {kind} probe fails",
  quotes: (failure) => [
    probeQuote(failure),
    failure.line === undefined ? objectQuote(failure.workload, `env ${failure.words}`) : lineQuote(failure.line),
  ],
  repairs: back(["env", "args", "command", "image"]),
  remedy: "`rollback_deployment` to a revision that listens elsewhere. Otherwise, let the program listen on 0.0.0.0.",
  otherwise: "set {variable} to 0.0.0.0, so that the program listens on every address",
});

export const healthServiceMissing = cause({
  code: "HealthServiceMissing",
  title: "A gRPC probe of a server without a health service",
  reads: "The kubelet's reports of failing gRPC probes.",
  means: "The server answers, and does not implement grpc.health.v1.Health, which a gRPC probe asks for.",
  needs,
  signs,
  of: failing,
  when: [
    { is: "it is a gRPC probe", holds: ({ probe }) => probe.handler === "grpc" },
    {
      is: "the server does not know the health service",
      not: ({ kind }) => `the gRPC ${kind} probe fails for another reason`,
      holds: ({ message }) => /unimplemented|does not implement|unknown service|grpc\.health\.v1/i.test(message),
    },
  ],
  supports: [{ is: "the server answered", holds: ({ message }) => !/connection refused|timed? ?out/i.test(message) }],
  says: "The gRPC {kind} probe of container {name} of {workload} asks for grpc.health.v1.Health, which its server does not implement.",
  chain: "the server has no grpc.health.v1.Health service → the {kind} probe fails",
  quotes: (failure) => [probeQuote(failure)],
  repairs: back([...probeFields, "image", "command", "args", "env"]),
  remedy: "`rollback_deployment` to a revision with the health service. Otherwise, use a tcpSocket probe.",
  otherwise: "use a build with the health service, or change the {kind} probe to tcpSocket",
});
