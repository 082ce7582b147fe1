// Logs of the pods that say most. Reads only.
import type { KubeObject } from "#api/object.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { uidsAbove } from "#evidence/around-target.ts";
import { chooseLogs } from "#evidence/choose-logs.ts";
import { readLogs } from "#evidence/read-logs.ts";
import type { Collection, EvidenceSource, Reading } from "#evidence/sources/source.ts";

export const logs: EvidenceSource = {
  name: "logs",
  needs: [{ group: "", resource: "pods/log", verbs: ["get"], scope: "cluster" }],
  provides: ["logs"],
  collect: (collection) => readMoreLogs(collection, collection.extent.logs.max),
};

/** Of the `max` that say most, those that were not asked for yet. */
export const readMoreLogs = async (
  { reader, clock, gather, budget, extent, question, target, found }: Collection,
  max: number,
): Promise<Reading> => {
  const ofTarget = target === undefined ? undefined : uidsAbove(gather, target);
  const choice = {
    ...extent.logs,
    max,
    isOwn: (root: string, pod: KubeObject) => ofTarget?.has(root) === true || ofTarget?.has(pod.metadata.uid) === true,
  };
  const asked = new Set(found.logsAsked);
  const wanted = chooseLogs(gather, choice).filter((log) => !asked.has(JSON.stringify(log)));
  const starts = (question.alerts ?? []).flatMap(({ startsAt }) => fromTimestamp(startsAt) ?? []);
  const toRead = {
    wanted,
    nowMs: clock.now(),
    sinceMs: starts.length === 0 ? undefined : Math.min(...starts),
    earlier: extent.earlierLogs,
  };
  return { logs: await readLogs(reader, gather, budget, toRead), logsAsked: wanted.map((log) => JSON.stringify(log)) };
};
