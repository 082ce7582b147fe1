// Recorded alerts as Alertmanager would have sent them: one for each thing an anomaly says, or for each request that failed.
import type { Alert, Reference } from "#api/fields.ts";
import type { Metric } from "#evidence/evidence.ts";
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

/** What the words of an anomaly measure: `[cpu core] | Normal=0.03 cores -> Current=0.16 cores`, `p50latency: Normal=4ms -> Current=70ms`. */
const measures: readonly (readonly [RegExp, string, number])[] = [
  [/\[cpu core\].*?Normal=([\d.]+).*?Current=([\d.]+)/, "cpu_usage_cores", 1],
  [/\[cpu_cfs\].*?()Val: ([\d.]+)s/, "cpu_throttled_seconds", 1],
  [/\[TCP Retransmission\].*?Normal=([\d.]+).*?Current=([\d.]+)/, "tcp_retransmits", 1],
  [/\[RPS\].*?Normal=([\d.]+).*?Current=([\d.]+)/, "requests_per_second", 1],
  [/\[Success Rate Drop\].*?Normal=([\d.]+).*?Cur(?:rent)?=([\d.]+)/, "success_percent", 1],
  [/p50latency: Normal=([\d.]+)ms -> Current=([\d.]+)/, "request_latency_seconds_p50", 0.001],
  [/p90latency: Normal=([\d.]+)ms -> Current=([\d.]+)/, "request_latency_seconds_p90", 0.001],
  [/p95latency: Normal=([\d.]+)ms -> Current=([\d.]+)/, "request_latency_seconds_p95", 0.001],
];

/** Where the samples themselves were not kept, what the alerts say of them. */
export const alertMetrics = (recorded: unknown, objectOf: (name: string) => Reference | undefined): readonly Metric[] => {
  const list = (recorded as { alerts?: unknown } | null | undefined)?.alerts;
  if (!Array.isArray(list)) return [];
  return list.flatMap((each: unknown): Metric[] => {
    const { name, evidence } = (each ?? {}) as Recorded;
    const object = typeof name === "string" ? objectOf(name) : undefined;
    if (object === undefined || !Array.isArray(evidence)) return [];
    return evidence.flatMap((text: unknown) =>
      measures.flatMap(([pattern, metric, factor]): Metric[] => {
        const match = typeof text === "string" ? pattern.exec(text) : null;
        if (match === null) return [];
        const [, usual = "", value = ""] = match;
        return [{ object, name: metric, value: Number(value) * factor, ...(usual === "" ? {} : { usual: Number(usual) * factor }) }];
      }),
    );
  });
};

const words = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? cleanMessage(String(value), 256) : "");
