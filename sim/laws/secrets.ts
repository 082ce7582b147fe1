// The law of secrets: no value that the user's cluster keeps secret is in anything that the product stores, sends or logs. Looks on.
import type { Law } from "#sim/laws/law.ts";
import type { WorldView } from "#sim/world.ts";

export const createSecretsLaw = (view: WorldView, values: readonly string[]): Law => {
  const violations: string[] = [];
  const known = new Set<string>();
  const check = (text: string, where: string): void => {
    if (!values.some((value) => text.includes(value)) || known.has(where)) return;
    known.add(where);
    violations.push(`a secret value is in ${where}`);
  };
  return {
    violations,
    see: ({ side, method, path, body }) => {
      if (side !== "product" || method === "GET" || body === undefined) return;
      check(body, `${method} ${path.replaceAll(/-[0-9a-f]{8,}/g, "-…")}`);
    },
    atEnd: () => {
      for (const line of view.trace.lines) check(line, `the log: ${line.replaceAll(new RegExp(values.join("|"), "g"), "…").slice(8, 120)}`);
    },
  };
};
