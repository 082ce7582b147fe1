// A pod that was evicted for the space it used itself, or a program whose volume is full or cannot be written to.
import type { CauseCode } from "#api/cause-codes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { quote } from "#diagnosis/explain.ts";
import type { Assessment, Finding } from "#diagnosis/finding.ts";
import { failuresOf } from "#diagnosis/failures.ts";
import type { View, Workload } from "#diagnosis/view.ts";

export const storageExceeded: Cause = {
  code: "StorageExceeded",
  title: "Space that is used up",
  reads: "Pods evicted for ephemeral storage or an emptyDir's limit; logs of failing containers that say ENOSPC or EDQUOT.",
  means: "The program writes more than it may.",
  remedy: "Check what the program writes, then remove data or provide more space.",
  find: (view) =>
    view.workloads.map((workload) =>
      find(
        workload,
        "StorageExceeded",
        evictedSign(workload) ?? logSign(view, workload, usedUp),
        "check what the program writes, then remove data or provide more space",
      ),
    ),
};

export const fileSystemReadOnly: Cause = {
  code: "FileSystemReadOnly",
  title: "A file system that cannot be written to",
  reads: "Logs of failing containers that say EROFS.",
  means: "The program writes where it may not.",
  remedy: "Mount a volume where the program writes, or set `readOnlyRootFilesystem: false`.",
  // What made it read-only says more, and can be undone.
  suppressedBy: ["ReleaseCrashes", "ConfigEdited", "UpdateStuck", "SupersededPodStuck"],
  find: (view) =>
    view.workloads.map((workload) =>
      find(
        workload,
        "FileSystemReadOnly",
        logSign(view, workload, readOnly),
        "mount a volume where the program writes, or make its file system writable",
      ),
    ),
};

type Errors = readonly (readonly [RegExp, string])[];

/** errno's own words, as libc and every runtime prints them. */
const usedUp: Errors = [
  [/No space left on device|ENOSPC/i, "writes to a volume that is full"],
  [/Disk quota exceeded|EDQUOT/i, "writes more than its quota"],
];
const readOnly: Errors = [[/Read-only file system|EROFS/i, "writes to a file system that is read-only"]];
const evictions =
  /(?:exceeds|exceeded) (?:its local ephemeral storage limit|the limit|ephemeral local storage|.{0,60}emptyDir)|Usage of EmptyDir volume|ephemeral local storage usage exceeds/i;

interface Sign {
  readonly what: string;
  readonly quote: Finding["quotes"][number];
}

const find = (workload: Workload, code: CauseCode, sign: Sign | undefined, todo: string): Assessment =>
  assess(
    code,
    {
      required: [{ claim: "a pod evicted for its own storage, or a failing container that cannot write", holds: sign !== undefined }],
      supporting: [
        { claim: "every pod of it is affected", holds: workload.pods.every(({ status }) => status?.phase !== "Running"), weight: 1 },
      ],
    },
    () => ({
      object: workload.reference,
      summary: `${referenceText(workload.reference)} ${sign?.what}.`,
      chain: [`${referenceText(workload.reference)} ${sign?.what}`],
      quotes: sign === undefined ? [] : [sign.quote],
      explains: [workload.reference],
      facts: person(todo),
    }),
  );

const evictedSign = ({ reference, pods }: Workload): Sign | undefined => {
  const pod = pods.find(({ status }) => status?.phase === "Failed" && status.reason === "Evicted" && evictions.test(status.message ?? ""));
  if (pod === undefined) return undefined;
  const object = { kind: "Pod", namespace: reference.namespace, name: pod.metadata.name };
  return {
    what: "uses more local storage than it may, and its pods are evicted",
    quote: objectQuote(object, `Evicted: ${pod.status?.message ?? ""}`),
  };
};

const logSign = (view: View, workload: Workload, errors: Errors): Sign | undefined => {
  if (failuresOf(view.inside(workload)).length === 0) return undefined;
  for (const log of view.logsOf(workload))
    for (const [pattern, what] of errors) {
      const at = log.text.search(pattern);
      if (at >= 0) return { what, quote: quote("log", `Pod ${log.namespace}/${log.pod}`, lineAt(log.text, at)) };
    }
  return undefined;
};

const maxLine = 400;
const lineAt = (text: string, at: number): string => {
  const from = text.lastIndexOf("\n", at) + 1;
  const end = text.indexOf("\n", at);
  return text.slice(Math.max(from, at - maxLine / 2), Math.min(end < 0 ? text.length : end, at + maxLine / 2));
};
