// Reads the chosen logs, each bounded, and keeps the lines that matter. A log that cannot be read is a gap.
import type { PodLog } from "#evidence/evidence.ts";
import type { PodLogToRead } from "#evidence/choose-logs.ts";
import type { ClusterReader, Gather } from "#evidence/gather.ts";
import { logExcerpt } from "#evidence/log-excerpt.ts";
import { withoutKnown } from "#evidence/known-secrets.ts";
import { bounds } from "#evidence/bounds.ts";
import type { Budget } from "#evidence/budget.ts";
import { inParallel } from "#evidence/in-parallel.ts";

/** What a server sends of one log: what tailLines selects is cut from its beginning, so that asking for too little would lose the end. */
const answerBytes = 128 * 1024;
const tailLines = 300;
/** Asked again where those were too long for the answer. */
const shortTail = 10;
const atOnce = 8;

export const readLogs = async (
  reader: Pick<ClusterReader, "logs">,
  gather: Gather,
  budget: Budget,
  wanted: readonly PodLogToRead[],
): Promise<readonly PodLog[]> => {
  const read = async (log: PodLogToRead, lines: number): Promise<string | undefined> => {
    const text = await gather.tryTo(`read the log of ${log.container} in Pod ${log.namespace}/${log.pod}`, (options) =>
      reader.logs(
        { namespace: log.namespace, name: log.pod },
        {
          ...options,
          container: log.container,
          tailLines: lines,
          limitBytes: answerBytes,
          ...(log.run === "previous" ? { previous: true as const } : {}),
        },
      ),
    );
    budget.spend(text === undefined ? 0 : Buffer.byteLength(text));
    return text;
  };
  const logs = await inParallel(wanted, atOnce, async (log): Promise<PodLog | undefined> => {
    let text = await read(log, tailLines);
    if (text !== undefined && text.length >= answerBytes - 1024) text = (await read(log, shortTail)) ?? text;
    // The kubelet answers so, with 200, once the container behind the log has been removed.
    if (text === undefined || text.startsWith("unable to retrieve container logs for ")) return undefined;
    const excerpt = logExcerpt(withoutKnown(text, gather.secretsOf(log.namespace, log.pod)), bounds.logLines, bounds.logBytes);
    return excerpt === "" ? undefined : { ...log, text: excerpt };
  });
  return logs.filter((log) => log !== undefined);
};
