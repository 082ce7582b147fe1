// Recorded alerts as Alertmanager would have sent them: one for each thing an anomaly says, or for each request that failed.
import type { Alert } from "#api/fields.ts";
import { cleanMessage } from "#evidence/text.ts";

interface Recorded {
  readonly type?: unknown;
  readonly name?: unknown;
  readonly time_range?: unknown;
  readonly evidence?: unknown;
  readonly entry_service?: unknown;
  readonly raw_error?: unknown;
  readonly business_action?: unknown;
  readonly url?: unknown;
  readonly request_method?: unknown;
  readonly occurrences?: unknown;
}

const alertsAtMost = 200;

export const alertsOf = (recorded: unknown, at: string): readonly Alert[] => {
  const list = (recorded as { alerts?: unknown } | null | undefined)?.alerts;
  if (!Array.isArray(list)) return [];
  return list
    .flatMap((each: unknown) => (typeof each === "object" && each !== null ? alertsIn(each as Recorded, at) : []))
    .slice(0, alertsAtMost)
    .map((alert, index) => ({ ...alert, fingerprint: `recorded-${index}` }));
};

const alertsIn = (recorded: Recorded, at: string): readonly Omit<Alert, "fingerprint">[] => {
  const base = { severity: "warning", startsAt: at, source: "prometheus" } as const;
  const object = words(recorded.name);
  const evidence = Array.isArray(recorded.evidence) ? recorded.evidence : [];
  if (object !== "")
    return evidence.flatMap((each: unknown) => {
      if (typeof each !== "string") return [];
      const name = /^\w+/.exec(each)?.[0] ?? "Anomaly";
      return [
        {
          ...base,
          name,
          labels: { [recorded.type === "Node" ? "node" : "service"]: object },
          annotations: { description: cleanMessage(each, 512) },
        },
      ];
    });
  const entry = words(recorded.entry_service);
  if (entry === "") return [];
  return [
    {
      ...base,
      name: "RequestsFail",
      labels: { service: entry, method: words(recorded.request_method), url: words(recorded.url) },
      annotations: {
        description: words(recorded.business_action),
        error: words(recorded.raw_error),
        occurrences: words(recorded.occurrences),
      },
    },
  ];
};

/** When the trouble was, as local times without a zone: `2025-12-25 15:43:20 ~ 2025-12-25 15:45:15`. */
export const troubleOf = (recorded: unknown): { readonly from: string; readonly to: string } | undefined => {
  const list = (recorded as { alerts?: unknown } | null | undefined)?.alerts;
  if (!Array.isArray(list)) return undefined;
  const ranges = list.flatMap((each: unknown) => {
    const [from, to] = words((each as Recorded | null)?.time_range).split(" ~ ");
    return from === undefined || to === undefined ? [] : [{ from, to }];
  });
  const [first] = ranges;
  if (first === undefined) return undefined;
  return ranges.reduce((all, { from, to }) => ({ from: from < all.from ? from : all.from, to: to > all.to ? to : all.to }), first);
};

const words = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? cleanMessage(String(value), 256) : "");
