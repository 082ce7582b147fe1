// A probe that asks the wrong thing of a program that runs: another port than it listens on, another protocol, a path that it does not have, or
// sooner than it can answer. Liveness then restarts the program, and readiness keeps it out of its Service.
import type { Cause } from "#diagnosis/cause.ts";
import { containerOf, containerStatusOf } from "#diagnosis/containers.ts";
import type { Remedy } from "#diagnosis/finding.ts";
import {
  declaresPort,
  patienceSeconds,
  type Probe,
  type ProbeFailure,
  probeFailures,
  probeKinds,
  probeOf,
  probeText,
  sameTarget,
} from "#diagnosis/probe-failures.ts";
import { eventQuote, objectQuote } from "#diagnosis/quotes.ts";
import { rollbackWithout } from "#diagnosis/remedies.ts";
import { cause, type Check, type Condition } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { trimmedEnd } from "#lib/trimmed-end.ts";
import { recordOf } from "#logs/record.ts";

/** Kubernetes' own defaults wait this long: no delay, every 10 s, three failures. */
const defaultPatienceSeconds = 30;
/** A program that is still starting does not listen yet. */
const failuresAtLeast = 3;

const noAnswer =
  /connection refused|failed to connect service|context deadline exceeded|i\/o timeout|no route to host|did not complete within/i;
const tooLate = /deadline exceeded|timeout|did not complete within|timed out/i;
const otherProtocol =
  /malformed HTTP|server gave HTTP response to HTTPS client|tls: first record does not look like a TLS handshake|first path element|error reading server preface|unexpected HTTP status code received from server|HTTP\/2 frame|unknown service grpc\.health|malformed MIME header|unexpected EOF|: EOF$|connection reset by peer/i;
const refusedPath = /statuscode: (?:404|405|401|403|3\d\d)/i;

const declares = ({ container, probe }: ProbeFailure): boolean | "unknown" => declaresPort(container, probe.port) ?? "unknown";

/** Probes that pass on a port that the container declares. */
const passingDeclared = ({ container, passing }: ProbeFailure): readonly Probe[] =>
  passing.filter(({ port }) => declaresPort(container, port) === true);

/** Probes that pass on the same port in another protocol. */
const passingOtherwise = ({ probe, passing }: ProbeFailure): readonly Probe[] =>
  passing.filter(({ port, handler }) => port === probe.port && handler !== probe.handler && handler !== "tcp");

/**
 * Killed again and again about when the probe gives up, never ready, and its log goes on until then: a program that hangs says nothing. The kubelet
 * counts from the start, and then waits for the grace period.
 */
const isEndedAtWork = ({ workload, pod, container, probe }: ProbeFailure, view: View): boolean => {
  const status = pod.status?.containerStatuses?.find(({ name }) => name === container.name);
  const { startedAt, finishedAt, exitCode } = status?.lastState?.terminated ?? {};
  const [began, ended] = [fromTimestamp(startedAt), fromTimestamp(finishedAt)];
  if (status?.ready !== false || status.restartCount < 2 || began === undefined || ended === undefined) return false;
  const ranSeconds = (ended - began) / 1000;
  const isKilled = exitCode === 137 || exitCode === 143 || exitCode === 0;
  if (!isKilled || ranSeconds < patienceSeconds(probe) - probe.periodSeconds || ranSeconds > patienceSeconds(probe) + graceSeconds)
    return false;
  const log = view
    .logsOf(workload)
    .find((each) => each.pod === pod.metadata.name && each.container === container.name && each.run === "previous");
  const { atMs } = recordOf(
    trimmedEnd(log?.text ?? "", "\n")
      .split("\n")
      .at(-1) ?? "",
  );
  return atMs !== undefined && ended - atMs <= silentMs && atMs - began >= silentMs;
};
/** A program at work writes something within this. */
const silentMs = 20_000;
/** The default terminationGracePeriodSeconds, and a little for the runtime. */
const graceSeconds = 45;

/** A probe with the same target that waits longer for the answer passes. */
const isOutwaited = ({ probe, message, passing }: ProbeFailure): boolean =>
  tooLate.test(message) && passing.some((other) => sameTarget(other, probe) && other.timeoutSeconds > probe.timeoutSeconds);

/** That something listens on the declared port is likely, and no more. */
const withDeclaredPort = (failure: ProbeFailure): readonly Remedy[] => {
  const { workload, container, kind } = failure;
  const port = passingDeclared(failure)[0]?.port ?? (container.ports?.length === 1 ? container.ports[0]?.containerPort : undefined);
  if (port === undefined) return [];
  return [
    {
      action: "fix_probe",
      target: workload.reference,
      parameters: { container: container.name, probe: kind, port: String(port) },
      rationale: `The container itself declares port ${port}.`,
      expected: `The pods of ${nameOf(workload)} become and stay ready.`,
    },
  ];
};

interface Fault extends Pick<Cause, "code" | "title" | "means" | "remedy"> {
  readonly fault: "port" | "protocol" | "path" | "timing";
  readonly suppressedBy?: NonNullable<Cause["suppressedBy"]>;
  readonly when: readonly Condition<ProbeFailure>[];
  readonly unless?: readonly Check<ProbeFailure>[];
  readonly supports: readonly Check<ProbeFailure>[];
  /** What the probe does. */
  readonly words: (failure: ProbeFailure) => string;
  readonly fix?: (failure: ProbeFailure) => readonly Remedy[];
}

const probeFault = ({ fault, words, fix = () => [], ...rule }: Fault): Cause =>
  cause({
    ...rule,
    reads: "Pods that are not ready or are restarted, the kubelet's reports of their probes, the container's ports and its other probes.",
    needs: ["objects.Pod", "events"],
    signs: ["event Unhealthy"],
    of: (view: View) =>
      probeFailures(view).map((failure) => ({
        ...failure,
        name: failure.container.name,
        words: words(failure),
        effect: failure.isKilled ? "the kubelet restarts the container again and again" : "the pod never becomes ready",
      })),
    detail: ({ kind }) => ({ probe: kind, fault }),
    says: "The {kind} probe of container {name} of {workload} {words}: {effect}.",
    chain: "the {kind} probe {words} → {effect}",
    quotes: ({ workload, pod, container, kind, probe, event }) => [
      eventQuote(event),
      objectQuote(workload, `container ${container.name}: ${kind} probe: ${probeText(probe)}`),
      objectQuote(pod, `phase Running, ${containerStatusOf(pod, container.name)?.restartCount ?? 0} restarts`),
    ],
    explains: ({ workload }, view) => view.servicesOf(workload),
    repairs: (failure, view) => [
      ...rollbackWithout(view, failure.workload, ({ spec }) => {
        const { container, kind, probe } = failure;
        const older = containerOf(spec, container.name);
        const other = older === undefined ? undefined : probeOf(older, kind);
        return other !== undefined && sameTarget(other, probe) && patienceSeconds(other) === patienceSeconds(probe);
      }),
      ...fix(failure),
    ],
    otherwise: "correct the port, protocol, path or timing of the probe",
  });

export const probeWrong: readonly Cause[] = [
  probeFault({
    fault: "protocol",
    code: "ProbeWrongProtocol",
    title: "A probe in a protocol that the program does not speak",
    means: "A program listens on the port, and it does not speak the probe's protocol.",
    remedy: "`rollback_deployment` to a revision with another probe. Otherwise, correct the probe.",
    suppressedBy: ["HealthServiceMissing"],
    when: [
      {
        is: "the answer is of another protocol, or a probe in another protocol passes on the same port",
        holds: (failure) =>
          otherProtocol.test(failure.message) || (passingOtherwise(failure).length > 0 && failure.probe.handler !== "tcp"),
      },
    ],
    unless: [
      {
        is: "the answer is an HTTP status: the protocol is right",
        // A server of HTTP/2 alone may still answer that it does not accept the request.
        holds: (failure) =>
          /statuscode/i.test(failure.message) && !(passingOtherwise(failure).length > 0 && /statuscode: 400/i.test(failure.message)),
      },
    ],
    supports: [
      { is: "the container declares that port", holds: declares },
      { is: "the answer is of another protocol", holds: ({ message }) => otherProtocol.test(message), weight: 2 },
      { is: "a probe in another protocol passes on the same port", holds: (failure) => passingOtherwise(failure).length > 0 },
    ],
    words: ({ probe }) => `asks by ${probe.handler} on port ${probe.port}, where the program speaks another protocol`,
  }),
  probeFault({
    fault: "port",
    code: "ProbeWrongPort",
    title: "A probe of a port on which no program listens",
    means: "The probe asks on a port that the container does not declare, and gets no answer.",
    remedy:
      "`rollback_deployment` to a revision with another probe, or `fix_probe` with the port that the container declares. Otherwise, correct the probe.",
    when: [
      { is: "the container declares other ports, and not this one", holds: (failure) => declares(failure) === false },
      {
        is: "the probe failed several times, or another probe passes meanwhile",
        holds: (failure) =>
          failure.event.count >= Math.max(failuresAtLeast, failure.probe.failureThreshold) ||
          typeof failure.probe.port === "string" ||
          passingDeclared(failure).length > 0,
      },
      { is: "the probe gets no answer", holds: ({ message, probe }) => noAnswer.test(message) || typeof probe.port === "string" },
    ],
    unless: [{ is: "a program answers on that port", holds: ({ message }) => /statuscode|malformed HTTP/i.test(message) }],
    supports: [{ is: "another probe passes on a declared port", holds: (failure) => passingDeclared(failure).length > 0 }],
    words: ({ probe, container }) =>
      `asks on port ${probe.port}, and the container listens on ${(container.ports ?? []).map(({ containerPort }) => containerPort).join(", ")}`,
    fix: withDeclaredPort,
  }),
  probeFault({
    fault: "path",
    code: "ProbeWrongPath",
    title: "A probe of a path that the program does not have",
    means: "The program answers, but not on that path.",
    remedy: "`rollback_deployment` to a revision with another probe. Otherwise, correct the probe.",
    when: [
      { is: "it is an HTTP probe", holds: ({ probe }) => probe.handler === "http" },
      {
        is: "the program answers that it does not have the path, or not without a login",
        holds: ({ message }) => refusedPath.test(message),
      },
    ],
    supports: [{ is: "it answers 404", holds: ({ message }) => /statuscode: 404/i.test(message) }],
    words: ({ probe, message }) => `asks for ${probe.path ?? "/"} and gets ${/statuscode: \d+/i.exec(message)?.[0] ?? "a refusal"}`,
  }),
  probeFault({
    fault: "timing",
    code: "ProbeTooImpatient",
    title: "A probe that gives up before the program can answer",
    means:
      "The probe is right, and gives a container less time than Kubernetes' own defaults before it is restarted, or less than another probe with the same target.",
    remedy: "`rollback_deployment` to a revision with another probe. Otherwise, correct the probe.",
    suppressedBy: ["ProbeWrongPort", "ProbeWrongProtocol", "ProbeWrongPath"],
    when: [
      {
        is: "it restarts the container sooner than the defaults would, ends each of its starts, or a probe that waits longer for the same answer passes",
        holds: (failure, view) =>
          isOutwaited(failure) ||
          (failure.kind !== "readiness" && (patienceSeconds(failure.probe) < defaultPatienceSeconds || isEndedAtWork(failure, view))),
      },
      { is: "the program does not answer yet", holds: ({ message }) => noAnswer.test(message) },
    ],
    unless: [{ is: "it asks on a port that the container does not declare", holds: (failure) => declares(failure) === false }],
    supports: [
      { is: "the container declares the port", holds: declares },
      {
        is: "another probe has the same target, or a probe passed at times",
        holds: ({ kind, probe, container, passing, pod }) =>
          passing.length > 0 ||
          containerStatusOf(pod, container.name)?.ready === true ||
          probeKinds.some(
            (other) => other !== kind && [probeOf(container, other)].some((each) => each !== undefined && sameTarget(each, probe)),
          ),
        weight: 2,
      },
    ],
    words: ({ kind, probe }) =>
      `gives up after ${kind === "readiness" ? probe.timeoutSeconds : patienceSeconds(probe)} s (${probeText(probe)}), before the program answers`,
  }),
];
