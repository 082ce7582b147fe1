// Pods that are evicted for their own storage, and programs that cannot write: the volume is full, or the file system is read-only.
import type { CauseCode } from "#api/cause-codes.ts";
import type { Quote } from "#api/fields.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { failuresOf } from "#diagnosis/failures.ts";
import { lineQuote, linesSaying } from "#diagnosis/log-lines.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View, Workload } from "#diagnosis/view.ts";

interface Sign {
  readonly problem: string;
  readonly quote: Quote;
}

type Errors = readonly (readonly [pattern: RegExp, problem: string])[];

/** The words of errno, as libc and every runtime print them. */
const full: Errors = [
  [/No space left on device|ENOSPC/i, "writes to a volume that is full"],
  [/Disk quota exceeded|EDQUOT/i, "writes more than its quota"],
];
const readOnly: Errors = [[/Read-only file system|EROFS/i, "writes to a file system that is read-only"]];
/** The words of the kubelet's eviction manager. */
const evictions =
  /(?:exceeds|exceeded) (?:its local ephemeral storage limit|the limit|ephemeral local storage|.{0,60}emptyDir)|Usage of EmptyDir volume|ephemeral local storage usage exceeds/i;

const evictedSign = ({ pods }: Workload): Sign | undefined => {
  const pod = pods.find(({ status }) => status?.phase === "Failed" && status.reason === "Evicted" && evictions.test(status.message ?? ""));
  return pod === undefined
    ? undefined
    : {
        problem: "uses more local storage than its limit, and its pods are evicted",
        quote: objectQuote(pod, `Evicted: ${pod.status?.message ?? ""}`),
      };
};

const logSign = (view: View, workload: Workload, errors: Errors): Sign | undefined => {
  if (failuresOf(view, workload).length === 0) return undefined;
  for (const [pattern, problem] of errors) {
    const [line] = linesSaying(view, workload, pattern);
    if (line !== undefined) return { problem, quote: lineQuote(line) };
  }
  return undefined;
};

interface Texts extends Pick<Cause, "title" | "reads" | "means" | "suppressedBy"> {
  readonly code: CauseCode;
  readonly remedy?: string;
  readonly otherwise: string;
}

const cannotWrite = (signOf: (view: View, workload: Workload) => Sign | undefined, texts: Texts): Cause =>
  cause({
    ...texts,
    needs: ["objects.Pod", "logs"],
    signs: ["log", "Pod Failed"],
    of: (view: View) =>
      view.workloads.flatMap((workload) => {
        const sign = signOf(view, workload);
        return sign === undefined ? [] : [{ workload, quote: sign.quote, problem: sign.problem }];
      }),
    supports: [{ is: "no pod of it runs", holds: ({ workload: { pods } }) => pods.every(({ status }) => status?.phase !== "Running") }],
    says: "{workload} {problem}.",
    chain: "{workload} {problem}",
    quotes: (sign) => [sign.quote],
  });

export const storageExceeded = cannotWrite((view, workload) => evictedSign(workload) ?? logSign(view, workload, full), {
  code: "StorageExceeded",
  title: "Storage that is used up",
  reads: "Pods that were evicted for ephemeral storage or the limit of an emptyDir; logs of failing containers with ENOSPC or EDQUOT.",
  means: "The program writes more than its limit.",
  otherwise: "check the files that the program writes, then remove data or provide more space",
});

export const fileSystemReadOnly = cannotWrite((view, workload) => logSign(view, workload, readOnly), {
  code: "FileSystemReadOnly",
  title: "A file system that is read-only",
  reads: "Logs of failing containers with EROFS.",
  means: "The program writes to a path that is read-only for it.",
  remedy: "Mount a volume at the path that the program writes to, or set `readOnlyRootFilesystem: false`.",
  otherwise: "mount a volume at the path that the program writes to, or make its file system writable",
  // The change that made it read-only explains more, and can be undone.
  suppressedBy: ["ReleaseCrashes", "ConfigEdited", "UpdateStuck", "SupersededPodStuck"],
});
