// A probe that asks the wrong thing of a program that runs: another port than it listens on, another protocol than it speaks, a path that it does
// not have, or sooner than it can answer. Liveness then kills it, readiness starves it.
import type { CauseCode } from "#api/cause-codes.ts";
import type { Container } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, eventQuote, objectQuote } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment, Check, Remedy } from "#diagnosis/finding.ts";
import { remediesOr, rollbackWithout } from "#diagnosis/previous-revision.ts";
import {
  declaresPort,
  patienceSeconds,
  probeFailures,
  type ProbeFailure,
  probeOf,
  probeText,
  sameTarget,
} from "#diagnosis/probe-failures.ts";
import type { View } from "#diagnosis/view.ts";

type Fault = "port" | "protocol" | "path" | "timing";

interface Kind {
  readonly fault: Fault;
  readonly code: CauseCode;
  readonly title: string;
  readonly means: string;
  readonly claims: (failure: ProbeFailure) => { required: readonly Check[]; against?: readonly Check[]; supporting: readonly Check[] };
  readonly words: (failure: ProbeFailure) => string;
}

/** Kubernetes' own defaults wait this long: no delay, every 10 s, three failures. */
const defaultPatienceSeconds = 30;

const unanswered =
  /connection refused|failed to connect service|context deadline exceeded|i\/o timeout|no route to host|did not complete within/i;
const tooLate = /deadline exceeded|timeout|did not complete within|timed out/i;
const otherProtocol =
  /malformed HTTP|server gave HTTP response to HTTPS client|tls: first record does not look like a TLS handshake|first path element|error reading server preface|unexpected HTTP status code received from server|HTTP\/2 frame|unknown service grpc\.health|malformed MIME header|unexpected EOF|: EOF$|connection reset by peer/i;
const refusedPath = /statuscode: (?:404|405|401|403|3\d\d)/i;

const passesDeclared = (container: Container, passing: ProbeFailure["passing"]): boolean =>
  passing.some(({ port }) => declaresPort(container, port) === true);

const kinds: readonly Kind[] = [
  {
    fault: "protocol",
    code: "ProbeWrongProtocol",
    title: "A probe in a protocol that the program does not speak",
    means: "Something listens on the port, and it does not speak the probe's protocol.",
    claims: ({ probe, container, message, passing }) => {
      const others = passing.filter((other) => other.port === probe.port && other.handler !== probe.handler && other.handler !== "tcp");
      // A server of HTTP/2 alone may still be able to say that it does not take what came.
      const isRefusedAsSuch = others.length > 0 && /statuscode: 400/i.test(message);
      return {
        required: [
          {
            claim: "the answer is of another protocol, or a probe in another protocol passes on the same port",
            holds: otherProtocol.test(message) || (others.length > 0 && probe.handler !== "tcp"),
          },
        ],
        against: [{ claim: "the answer is an HTTP status: the protocol is right", holds: /statuscode/i.test(message) && !isRefusedAsSuch }],
        supporting: [
          { claim: "the container declares that port", holds: declaresPort(container, probe.port) ?? "unknown", weight: 1 },
          { claim: "the answer is of another protocol", holds: otherProtocol.test(message), weight: 2 },
          { claim: "another probe passes on the same port in another protocol", holds: others.length > 0, weight: 1 },
        ],
      };
    },
    words: ({ probe }) => `asks by ${probe.handler} on port ${probe.port}, where the program speaks another protocol`,
  },
  {
    fault: "port",
    code: "ProbeWrongPort",
    title: "A probe of a port on which nothing listens",
    means: "The probe asks on a port that the container does not declare, and nothing answers there.",
    claims: ({ probe, container, message, passing, event }) => ({
      required: [
        { claim: "a probe of a port", holds: probe.port !== undefined },
        { claim: "the container declares other ports, and not this one", holds: declaresPort(container, probe.port) === false },
        // Programs that are still starting do not listen yet.
        {
          claim: "it was asked more than once or twice, or another probe passes meanwhile",
          holds: event.count >= Math.max(3, probe.failureThreshold) || typeof probe.port === "string" || passesDeclared(container, passing),
        },
        { claim: "nothing answers there", holds: unanswered.test(message) || typeof probe.port === "string" },
      ],
      against: [{ claim: "something answers there", holds: /statuscode|malformed HTTP/i.test(message) }],
      supporting: [{ claim: "another probe passes on a declared port", holds: passesDeclared(container, passing), weight: 2 }],
    }),
    words: ({ probe, container }) =>
      `asks on port ${probe.port}, and the container listens on ${(container.ports ?? []).map(({ containerPort }) => containerPort).join(", ")}`,
  },
  {
    fault: "path",
    code: "ProbeWrongPath",
    title: "A probe of a path that the program does not have",
    means: "The program answers, but not on that path.",
    claims: ({ probe, message }) => ({
      required: [
        { claim: "an HTTP probe", holds: probe.handler === "http" },
        { claim: "the program answers that it has no such page, or does not show it to everybody", holds: refusedPath.test(message) },
      ],
      supporting: [{ claim: "it answers 404", holds: /statuscode: 404/i.test(message), weight: 1 }],
    }),
    words: ({ probe, message }) => `asks for ${probe.path ?? "/"} and gets ${/statuscode: \d+/i.exec(message)?.[0] ?? "a refusal"}`,
  },
  {
    fault: "timing",
    code: "ProbeTooImpatient",
    title: "A probe that gives up before the program can answer",
    means:
      "The probe asks the right thing, and gives a container less time than Kubernetes' own defaults before it is restarted, or less than another probe that gets the same answer.",
    claims: ({ kind, probe, container, message, passing, pod }) => {
      const status = pod.status?.containerStatuses?.find(({ name }) => name === container.name);
      const siblings = (["liveness", "readiness", "startup"] as const)
        .filter((other) => other !== kind)
        .flatMap((other) => probeOf(container, other) ?? []);
      const isOutwaited =
        tooLate.test(message) && passing.some((other) => sameTarget(other, probe) && other.timeoutSeconds > probe.timeoutSeconds);
      return {
        required: [
          {
            claim: `it restarts the container after less than ${defaultPatienceSeconds} s, or a probe that asks the same and waits longer for the answer passes`,
            holds: isOutwaited || (kind !== "readiness" && patienceSeconds(probe) < defaultPatienceSeconds),
          },
          { claim: "the program does not answer yet", holds: unanswered.test(message) },
        ],
        against: [{ claim: "it asks on a port that the container does not declare", holds: declaresPort(container, probe.port) === false }],
        supporting: [
          { claim: "the container declares the port", holds: declaresPort(container, probe.port) ?? "unknown", weight: 1 },
          {
            claim: "another probe asks the same, or it was answered at times",
            holds: siblings.some((other) => sameTarget(other, probe)) || passing.length > 0 || status?.ready === true,
            weight: 2,
          },
        ],
      };
    },
    words: ({ kind, probe }) =>
      `gives up after ${kind === "readiness" ? probe.timeoutSeconds : patienceSeconds(probe)} s (${probeText(probe)}), before the program answers`,
  },
];

const causeOf = (kind: Kind): Cause => ({
  code: kind.code,
  title: kind.title,
  reads: "Pods that are not ready or are restarted, what the kubelet says of their probes, the container's ports and its other probes.",
  means: kind.means,
  remedy: [
    "`rollback_deployment` to a revision with another probe",
    ...(kind.fault === "port" ? ["`fix_probe` with the port that the container declares"] : []),
  ]
    .join(", or ")
    .concat(". Otherwise, correct the probe."),
  ...(kind.fault === "protocol" ? { suppressedBy: ["HealthServiceMissing"] as const } : {}),
  ...(kind.fault === "timing" ? { suppressedBy: ["ProbeWrongPort", "ProbeWrongProtocol", "ProbeWrongPath"] } : {}),
  find: (view) => probeFailures(view).map((failure) => find(view, failure, kind)),
});

const find = (view: View, failure: ProbeFailure, { code, fault, claims, words }: Kind): Assessment => {
  const { workload, pod, container, kind, probe, event, isKilled } = failure;
  const effect = isKilled ? "the kubelet restarts the container again and again" : "the pod never becomes ready";
  return assess(code, claims(failure), () => ({
    object: workload.reference,
    detail: { probe: kind, fault },
    summary: `The ${kind} probe of container ${container.name} of ${referenceText(workload.reference)} ${words(failure)}: ${effect}.`,
    chain: [`the ${kind} probe ${words(failure)}`, effect],
    quotes: [
      eventQuote(event),
      objectQuote(workload.reference, `container ${container.name}: ${kind} probe: ${probeText(probe)}`),
      objectQuote(
        { kind: "Pod", ...pod.metadata },
        `phase Running, ${pod.status?.containerStatuses?.find(({ name }) => name === container.name)?.restartCount ?? 0} restarts`,
      ),
    ],
    explains: [
      workload.reference,
      ...view.servicesOf(workload).map(({ apiVersion, kind: service, metadata }) => ({
        apiVersion,
        kind: service,
        namespace: metadata.namespace ?? "",
        name: metadata.name,
      })),
    ],
    facts: remediesOr(
      [
        // What has worked before comes first: that something listens on the port that is declared is likely, and no more.
        ...rollbackWithout(view, workload, ({ spec }) => {
          const older = spec.containers.find(({ name }) => name === container.name);
          const other = older === undefined ? undefined : probeOf(older, kind);
          return other !== undefined && sameTarget(other, probe) && patienceSeconds(other) === patienceSeconds(probe);
        }),
        ...fix(failure, fault),
      ],
      "correct the probe to match what the program serves, and how soon",
    ),
  }));
};

const fix = ({ workload, container, kind, passing }: ProbeFailure, fault: Fault): readonly Remedy[] => {
  const port =
    passing.find((other) => declaresPort(container, other.port) === true)?.port ??
    (container.ports?.length === 1 ? container.ports[0]?.containerPort : undefined);
  if (fault !== "port" || port === undefined) return [];
  return [
    {
      action: "fix_probe",
      target: workload.reference,
      parameters: { container: container.name, probe: kind, port: String(port) },
      rationale: `The container itself declares port ${port}.`,
      expected: `The pods of ${referenceText(workload.reference)} become and stay ready.`,
    },
  ];
};

export const probeWrong: readonly Cause[] = kinds.map(causeOf);
