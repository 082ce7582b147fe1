// Recorded probes from outside the API: connections to Services tried from pods, and the state of programs on nodes.
import type { ComponentState, ConnectionAttempt } from "#evidence/evidence.ts";
import { cleanMessage } from "#evidence/text.ts";

/** One attempt a node where the report says so; else one. */
export const connectionsOf = (text: string, namespace: string, service: string, port: number): readonly ConnectionAttempt[] => {
  const attempt = (words: string, node?: string): ConnectionAttempt => ({
    ...(node === undefined ? {} : { from: { apiVersion: "v1", kind: "Node", name: node } }),
    namespace,
    service,
    port,
    result: resultOf(words),
    text: cleanMessage(words.trim(), 256),
  });
  const parts = text.split(/^Debug Pod test results deployed on (\S+?): /m);
  if (parts.length < 3) return text.trim() === "" ? [] : [attempt(text)];
  return parts.flatMap((part, index) => (index % 2 === 1 ? [attempt(parts[index + 1] ?? "", part)] : []));
};

const resultOf = (text: string): ConnectionAttempt["result"] => {
  if (/\bopen\b|Connection Succeeded/.test(text)) return "open";
  if (/refused/i.test(text)) return "refused";
  if (/timed? ?out/i.test(text)) return "timeout";
  if (/bad address|not known|can't resolve|could not resolve/i.test(text)) return "unresolved";
  return /failed/i.test(text) ? "failed" : "unknown";
};

/** `systemctl status`: its `Active:` line decides. */
export const componentOf = (text: string, node: string, component: string): ComponentState => {
  const line = /^\s*Active: (.*)$/m.exec(text)?.[1]?.trim();
  return { component, node, state: stateOf(line), text: cleanMessage(line ?? text.trim(), 256) };
};

const stateOf = (active: string | undefined): ComponentState["state"] => {
  if (active === undefined) return "unknown";
  if (active.startsWith("active (running)")) return "running";
  if (active.startsWith("inactive")) return "stopped";
  return /^(?:failed|activating|deactivating)/.test(active) ? "failing" : "unknown";
};
