// Two programs of one pod that need the same port: the containers of a pod share its network, and the second program gets no port.
// The other one is known by the ports of the containers, or by annotations that set the port of an injected proxy.
import { hasUnreadyPod } from "#diagnosis/checks/pods.ts";
import { lineQuote, linesSaying } from "#diagnosis/log-lines.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { releaseFor } from "#diagnosis/release.ts";
import { undoRelease } from "#diagnosis/remedies.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View, Workload } from "#diagnosis/view.ts";

/** The words of Spring Boot, Go, Node, Python, nginx and the JDK for EADDRINUSE. */
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

/** `listenPort: 8080`, `port=8080` and the like, in the annotations of an injected proxy. */
const setsPort = (text: string, port: number): boolean =>
  [...text.matchAll(/[Pp]ort["']?\s{0,4}[:=]\s{0,4}["']?(\d{1,5})\b/g)].some((match) => Number(match[1]) === port);

const conflictIn = (view: View, workload: Workload) => {
  const lines = linesSaying(view, workload, inUse);
  const [line] = lines;
  if (line === undefined) return [];
  const pod = workload.pods.at(-1);
  const spec = pod?.spec ?? workload.template.spec;
  const port = lines.map(({ text }) => portIn(text)).find((each) => each !== undefined);
  const declaring = spec.containers.filter(({ ports = [] }) => ports.some(({ containerPort }) => containerPort === port));
  const setting = Object.entries({ ...workload.template.metadata?.annotations, ...pod?.metadata.annotations })
    .slice(0, annotationsAtMost)
    .find(([, value]) => port !== undefined && setsPort(value, port));
  const isShared = spec.containers.length > 1 || spec["hostNetwork"] === true;
  const names = declaring.map(({ name }) => name);
  const holder =
    setting !== undefined
      ? `the proxy of annotation ${setting[0]}`
      : names.length > 1
        ? `one of the containers ${names.join(" and ")}`
        : "another program of the pod";
  const declared = names.length > 1 ? `containers ${names.join(", ")} declare port ${port}` : undefined;
  const found = {
    workload,
    line,
    declaring,
    setting,
    declared,
    isShared,
    holder,
    detail: String(port ?? 0),
    address: port === undefined ? "its port" : `port ${port}`,
  };
  return [found];
};

export const portConflict = cause({
  code: "PortConflict",
  title: "A port that another program of the pod uses",
  reads: "The errors of programs that cannot listen, the ports of all containers of the pod, and annotations that set the port of a proxy.",
  means: "The containers of a pod share one network: a sidecar uses the port of the application, and the application ends.",
  needs: ["logs", "objects.Pod"],
  signs: ["log"],
  of: (view: View) => view.workloads.flatMap((workload) => conflictIn(view, workload)),
  when: [hasUnreadyPod, { is: "several programs share the network", holds: ({ isShared }) => isShared }],
  supports: [
    {
      is: "the other program is known",
      holds: ({ setting, declared }) => setting !== undefined || declared !== undefined || "unknown",
      weight: 2,
    },
    { is: "the container declares the port", holds: ({ declaring }) => declaring.length > 0 || "unknown" },
  ],
  detail: ({ detail }) => ({ port: detail }),
  says: "A program of {workload} cannot listen at {address}: {holder} uses it.",
  chain: "{holder} listens at {address} of the pod → the application cannot listen there and ends → pods of {workload} do not become ready",
  quotes: ({ workload, line, setting, declared }) => [
    lineQuote(line),
    setting === undefined ? undefined : objectQuote(workload, `annotation ${setting[0]}: ${setting[1].slice(0, 300)}`),
    declared === undefined ? undefined : objectQuote(workload, declared),
  ],
  repairs: ({ workload }, view) => {
    const release = releaseFor(view, workload, workload.template.spec.containers[0]?.name ?? "");
    return release === undefined ? [] : undoRelease(workload, release);
  },
  remedy: "`rollback_deployment` to a revision without the conflict. Otherwise, move one of the two programs to another port.",
  otherwise: "move one of the two programs to another port",
});
