// Recorded error lines as logs of pods: counted patterns, or lines by container and run. Redacted and bounded like a collected log.
import type { PodLog } from "#evidence/evidence.ts";
import { cleanLog } from "#evidence/text.ts";

const patternsAtMost = 20;

/** `pod` is where they belong: the newest pod of what they were asked for. */
export const logsOf = (recorded: unknown, namespace: string, pod: string): readonly PodLog[] => {
  if (typeof recorded !== "object" || recorded === null) return [];
  const patterns = (recorded as { patterns?: unknown }).patterns;
  if (Array.isArray(patterns))
    return patterns.slice(0, patternsAtMost).flatMap((pattern: unknown) => {
      const { count, sample } = (pattern ?? {}) as { count?: unknown; sample?: unknown };
      if (typeof sample !== "string") return [];
      return [{ namespace, pod, run: "current", text: cleanText(sample), ...(typeof count === "number" ? { count } : {}) }];
    });
  return Object.entries(recorded).flatMap(([container, lines]: [string, unknown]): PodLog[] => {
    if (!Array.isArray(lines) || lines.length === 0) return [];
    const text = cleanText(lines.filter((line) => typeof line === "string").join("\n"));
    return container === "previous" ? [{ namespace, pod, run: "previous", text }] : [{ namespace, pod, container, run: "current", text }];
  });
};

const cleanText = (text: string): string => cleanLog(text, 200, 16 * 1024);
