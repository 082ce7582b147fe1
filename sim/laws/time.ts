// Laws about when something is done: no client hammers the API server, a replica that has lost the lease stops, no Job is created for an execution that is being deleted.
import type { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { KubeObject } from "#api/object.ts";
import type { FaultPlan } from "#sim/faults.ts";
import type { Law } from "#sim/laws/law.ts";
import type { Exchange } from "#sim/network.ts";

export interface LawsOfTimeOptions {
  readonly elapsed: () => number;
  readonly plan: FaultPlan;
  readonly executions: () => readonly KubernetesExecution[];
}

/** With a back-off that begins at 50 ms and doubles, a second has room for six tries; a change brings another look now and then. */
const mostPerSecond = 20;
/** Others take over 15 s after the last renewal, and a leader stops 10 s after it. */
const handOverMs = 5_000;
const noticeMs = 1_000;

/** What keeps a process from learning of a deletion, or holds back the request that it sent before. */
export const delaysNews: ReadonlySet<string> = new Set([
  "delay",
  "drop",
  "hold",
  "eof",
  "breakWatch",
  "cut",
  "gone",
  "outage",
  "pause",
  "stale",
]);

/** What people write reaches the product through a watch; a namespace's labels are read when they are needed. */
const watchLagMs = 2_000;
const brokenWatchLagMs = 90_000;

/** How long the product may not know of a change. */
export const newsLagMs = (plan: FaultPlan): number =>
  plan.some(({ what }) => delaysNews.has(what.kind) || "thenStale" in what) ? brokenWatchLagMs : watchLagMs;

export const createLawsOfTime = ({ elapsed, plan, executions }: LawsOfTimeOptions): Law => {
  const attempts = new Map<string, number[]>();
  const hammered = new Set<string>();
  const dyingSince = new Map<string, number>();
  const violations: string[] = [];
  let leader: { readonly name: string; readonly since: number } | undefined;
  const isNewsOnTime = !plan.some(({ what }) => delaysNews.has(what.kind));
  /** A process that was stopped does not know that it does not lead any more, and has a moment to find out. */
  const pausedUntil = Math.max(0, ...plan.map(({ what }) => (what.kind === "pause" ? what.atMs + what.forMs + handOverMs : 0)));

  const seeLease = ({ answer, status }: Exchange): void => {
    const holder = (answer as { spec?: { holderIdentity?: string } } | undefined)?.spec?.holderIdentity;
    if (status < 300 && holder !== undefined && holder !== leader?.name) leader = { name: holder, since: elapsed() };
  };
  const seeJob = ({ process, path, answer }: Exchange): void => {
    const owner = (answer as KubeObject | undefined)?.metadata.ownerReferences?.[0]?.uid ?? "";
    const since = dyingSince.get(owner);
    if (isNewsOnTime && since !== undefined && elapsed() - since > noticeMs)
      violations.push(`a Job for an execution that has been on its way out for ${elapsed() - since} ms: ${process} POST ${path}`);
  };

  return {
    violations,
    seeAttempt: (process, side, what) => {
      // Each Event is another one.
      if (side === "world" || what.endsWith("/events")) return;
      const key = `${process} ${what}`;
      const now = elapsed();
      const recent = (attempts.get(key) ?? []).filter((at) => at > now - 1_000);
      recent.push(now);
      attempts.set(key, recent);
      if (recent.length <= mostPerSecond || hammered.has(key)) return;
      hammered.add(key);
      violations.push(`${recent.length} times within a second: ${key}`);
    },
    see: (exchange) => {
      const { method, path, side, process, isWrite, status } = exchange;
      if (path.includes("/leases")) return seeLease(exchange);
      if (method === "GET") return;
      for (const { metadata } of executions())
        if (metadata.deletionTimestamp !== undefined && !dyingSince.has(metadata.uid)) dyingSince.set(metadata.uid, elapsed());
      if (side !== "product" || !isWrite || status >= 300) return;
      if (method === "POST" && path.endsWith("/jobs")) seeJob(exchange);
      if (leader === undefined || leader.name === process || isGateways(exchange)) return;
      if (elapsed() > pausedUntil && elapsed() - leader.since > handOverMs && leader.name !== "")
        violations.push(`${process} writes though ${leader.name} has led for ${elapsed() - leader.since} ms: ${method} ${path}`);
    },
  };
};

/** Every replica takes alerts. */
const isGateways = ({ method, path, body = "" }: Exchange): boolean =>
  (method === "POST" && path.endsWith("/remediationrequests")) || (method === "PATCH" && body.startsWith('{"status":{"alerts":'));
