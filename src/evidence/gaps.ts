// What a collection could not read, one line for each reason. Pure but for what it remembers.
import { KubeError } from "#kube/errors.ts";
import { cleanMessage } from "#evidence/text.ts";

export interface Gaps {
  add(doing: string, why: string): void;
  addError(doing: string, error: unknown, signal: AbortSignal): void;
  /** Bounded; reads that failed for one reason share a line. */
  lines(): readonly string[];
}

const maxLines = 40;
const maxNamed = 12;

export const createGaps = (): Gaps => {
  const byReason = new Map<string, Set<string>>();
  const add = (doing: string, why: string): void => {
    const reason = cleanMessage(why, 300);
    byReason.set(reason, (byReason.get(reason) ?? new Set()).add(cleanMessage(doing, 160)));
  };
  return {
    add,
    addError: (doing, error, signal) => {
      if (signal.aborted) return add(doing, signal.reason instanceof Error ? signal.reason.message : "given up");
      if (error instanceof KubeError && error.status === 403) return add(doing, "not allowed");
      if (error instanceof KubeError && error.status === 404) return add(doing, "not installed");
      const message = error instanceof Error ? error.message : "failed";
      add(doing, message.startsWith(`${doing}: `) ? message.slice(doing.length + 2) : message);
    },
    lines: () =>
      [...byReason]
        .map(([reason, all]) => ({ reason, all: [...all].toSorted(byImportance) }))
        .toSorted((a, b) => byImportance(a.all[0] ?? "", b.all[0] ?? "") || compare(a.reason, b.reason))
        .slice(0, maxLines)
        .map(({ reason, all }) => {
          const more = all.length > maxNamed ? ` and ${all.length - maxNamed} more` : "";
          return `${all.slice(0, maxNamed).join(", ")}${more}: ${reason}`;
        }),
  };
};

/** Gaps that matter most to a diagnosis come first, in the same order every time. */
const important = [
  /^read the log of /,
  /^list events\b/,
  /^list configmaps\b/,
  /^list (?:pods|replicasets|deployments|statefulsets|daemonsets)\b/,
];

const importanceOf = (doing: string): number => {
  const at = important.findIndex((pattern) => pattern.test(doing));
  return at < 0 ? important.length : at;
};

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
const byImportance = (a: string, b: string): number => importanceOf(a) - importanceOf(b) || compare(a, b);
