// Two programs of one pod want the same port: containers of a pod share its network, so that the second to ask gets none.
// Who else asks for it is told by the containers' ports, or by annotations that set a port of an injected proxy.
import { referenceText } from "#api/object.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment, Facts } from "#diagnosis/finding.ts";
import { lineQuote, linesSaying } from "#diagnosis/log-lines.ts";
import { releaseFor } from "#diagnosis/release.ts";
import type { View, Workload } from "#diagnosis/view.ts";

const code = "PortConflict";

export const portConflict: Cause = {
  code,
  title: "A port that another program of the pod has already",
  reads: "What programs say when they cannot listen, the ports of all containers of the pod, and annotations that set a proxy's port.",
  means: "Containers of a pod share one network: a sidecar holds the port that the application listens at, and it ends.",
  remedy: "`rollback_deployment` to a revision without the conflict. Otherwise, move one of the two programs to another port.",
  find: (view) => view.workloads.flatMap((workload) => find(view, workload)),
};

/** As Spring Boot, Go, Node, Python, nginx and the JDK word EADDRINUSE. */
const inUse = /[Pp]ort \d+ (?:is|was) already in use|[Aa]ddress already in use|EADDRINUSE|BindException/;
const before = /EADDRINUSE|listen tcp|bind\(\) to|address already in use/g;
const mentionsAtMost = 10;
const annotationsAtMost = 50;

/** `Port 8080 is already in use`, or the port of the first address behind the words. */
export const portIn = (line: string): number | undefined => {
  const named = /[Pp]ort (\d{1,5}) (?:is|was) already in use/.exec(line)?.[1];
  if (named !== undefined) return Number(named);
  for (const { 0: words, index } of [...line.matchAll(before)].slice(0, mentionsAtMost)) {
    const rest = line.slice(index + words.length);
    const digit = rest.search(/\d/);
    // `:8080` begins with its colon, `0.0.0.0:8080` with a digit.
    const address = /^[^\s"']*/.exec(rest.slice(rest[digit - 1] === ":" ? digit - 1 : digit))?.[0] ?? "";
    const port = /:(\d{1,5})\b/.exec(address)?.[1];
    if (digit >= 0 && port !== undefined) return Number(port);
  }
  return undefined;
};

/** `listenPort: 8080`, `port=8080` and the like, as an injected proxy's annotations have them. */
const setsPort = (text: string, port: number): boolean =>
  [...text.matchAll(/[Pp]ort["']?\s{0,4}[:=]\s{0,4}["']?(\d{1,5})\b/g)].some((match) => Number(match[1]) === port);

const find = (view: View, workload: Workload): readonly Assessment[] => {
  const lines = linesSaying(view, workload, inUse);
  const [line] = lines;
  if (line === undefined) return [];
  const { reference } = workload;
  const pod = workload.pods.at(-1);
  const containers = (pod?.spec ?? workload.template.spec).containers;
  const port = lines.map(({ text }) => portIn(text)).find((each) => each !== undefined) ?? 0;
  const declaring = containers.filter(({ ports = [] }) => ports.some(({ containerPort }) => containerPort === port));
  const isUnwell = view.inside(workload).pods.some(({ isReady, isDeleting }) => !isReady && !isDeleting);
  const annotations = { ...workload.template.metadata?.annotations, ...pod?.metadata.annotations };
  const setting = Object.entries(annotations)
    .slice(0, annotationsAtMost)
    .find(([, value]) => port > 0 && setsPort(value, port));
  const isHostNetwork = (pod?.spec ?? workload.template.spec)["hostNetwork"] === true;
  const what = port === 0 ? "its port" : `port ${port}`;
  const holder =
    setting !== undefined
      ? `the proxy that annotation ${setting[0]} sets up`
      : declaring.length > 1
        ? `containers ${declaring.map(({ name }) => name).join(" and ")}`
        : "another program of the pod";
  return [
    assess(
      code,
      {
        required: [
          { claim: "a program says that its port is taken", holds: true },
          { claim: "its pods are not well", holds: isUnwell },
          { claim: "more than one container shares the pod's network, or it is the node's", holds: containers.length > 1 || isHostNetwork },
        ],
        supporting: [
          { claim: "it is known who has it", holds: setting !== undefined || declaring.length > 1 ? true : "unknown", weight: 2 },
          { claim: "the port is the container's own", holds: declaring.length > 0 ? true : "unknown" },
        ],
      },
      () => ({
        object: reference,
        summary: `A program of ${referenceText(reference)} cannot listen at ${what}: ${holder} ${declaring.length > 1 && setting === undefined ? "both want" : "has"} it.`,
        chain: [
          `${holder} ${declaring.length > 1 && setting === undefined ? "both listen" : "listens"} at ${what} of the pod`,
          "the application cannot listen there and ends",
          `pods of ${referenceText(reference)} do not become ready`,
        ],
        quotes: [
          lineQuote(line),
          ...(setting === undefined ? [] : [objectQuote(reference, `annotation ${setting[0]}: ${setting[1].slice(0, 300)}`)]),
          ...(declaring.length > 1
            ? [objectQuote(reference, `containers ${declaring.map(({ name }) => name).join(", ")} declare port ${port}`)]
            : []),
        ],
        detail: { port: String(port) },
        explains: [reference],
        facts: factsOf(view, workload),
      }),
    ),
  ];
};

const factsOf = (view: View, workload: Workload): Facts => {
  const container = workload.template.spec.containers[0]?.name ?? "";
  const release = releaseFor(view.inside(workload), container);
  return release?.previous !== undefined && workload.reference.kind === "Deployment"
    ? { kind: "badRevision", revision: release.current.revision, lastGood: release.previous.revision }
    : person("move one of the two programs to another port");
};
