// One look at a cluster, in a process of its own: what it cost goes to stdout as one line of JSON.
import process from "node:process";
import { readForAction } from "#cluster/read-for-action.ts";
import { savedJournal } from "#cluster/journal/journal-reader.ts";
import { DEFAULT_NAMESPACE } from "#api/labels.ts";
import { collectEvidence } from "#evidence/collect-cluster.ts";
import { investigate } from "#investigation/investigate.ts";
import type { ReadForAction } from "#investigation/plan-repair.ts";
import { reportOf } from "#investigation/report.ts";
import { connect } from "#kube/connect.ts";
import { createMetrics } from "#lib/metrics.ts";
import { systemClock } from "#lib/system-clock.ts";

const [url = "", token = "", workload = ""] = process.argv.slice(2);
const [namespace = "", name = ""] = workload.split("/");
const target = workload === "" ? undefined : { apiVersion: "apps/v1", kind: "Deployment", namespace, name };
const metrics = createMetrics();
const kube = connect(
  {
    server: url,
    name: "bench",
    namespace: "default",
    credentials: { current: () => Promise.resolve({ token }), invalidate: () => {} },
  },
  { clock: systemClock, random: Math.random, metrics },
);
const startedAt = performance.now();
const around = target === undefined ? { namespaces: "all" as const } : { target };
let calls = 0;
const progress = (seen: { readonly calls: number }): void => {
  calls = seen.calls;
};
const evidence = await collectEvidence(kube, systemClock, { around, progress });
const collectedAt = performance.now();
const read: ReadForAction = (reads, reference) => readForAction({ kube, journal: savedJournal(kube, DEFAULT_NAMESPACE) }, reads, reference);
const report = reportOf(evidence, await investigate({ read }, evidence, { leastConfidence: 0.5, target }));
const { maxRSS } = process.resourceUsage();
console.log(
  JSON.stringify({
    look: workload === "" ? "-A" : workload,
    objects: report.looked.objects,
    pods: report.looked.pods,
    calls,
    collectMs: Math.round(collectedAt - startedAt),
    diagnoseMs: Math.round(performance.now() - collectedAt),
    // Of this process alone: says more than the time where others are at work on the machine.
    cpuMs: Math.round((process.cpuUsage().user + process.cpuUsage().system) / 1000),
    maxRssMB: Math.round(maxRSS / 1024),
    findings: report.findings.map(({ code, object }) => `${code} ${object.kind} ${object.namespace ?? ""}/${object.name}`),
    notRead: report.notRead,
  }),
);
kube.close();
