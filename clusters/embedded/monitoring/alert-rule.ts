// One alerting rule over time: inactive, pending, firing, as rules/alerting.go of Prometheus has it. Pure.
import { expandTemplate } from "#embedded/monitoring/alert-template.ts";
import { type Expr, PromqlError, durationMs, parsePromql } from "#embedded/monitoring/promql.ts";
import { type Labels, type Sample, keyOfLabels, nameLabel, withLabels, without } from "#embedded/monitoring/samples.ts";

/** As in Prometheus' rule files. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

export interface CompiledRule {
  readonly rule: AlertRule;
  readonly expr: Expr;
  readonly forMs: number;
}

export interface ActiveAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly activeAtMs: number;
  /** undefined: pending. */
  readonly firedAtMs: number | undefined;
}
export type ActiveAlerts = ReadonlyMap<string, ActiveAlert>;

/** Throws an error that names the rule and its mistake. */
export const compileRule = (rule: AlertRule): CompiledRule => {
  try {
    return { rule, expr: parsePromql(rule.expr), forMs: durationMs(rule.for ?? "0") };
  } catch (error) {
    throw error instanceof PromqlError ? new PromqlError(`alert ${rule.alert}: ${error.message}`) : error;
  }
};

/** The alerts that are active after one evaluation. Those of `before` that are missing have ended. */
export const nextAlerts = (
  { rule, forMs }: CompiledRule,
  before: ActiveAlerts,
  samples: readonly Sample[],
  nowMs: number,
): ActiveAlerts => {
  const next = new Map<string, ActiveAlert>();
  for (const sample of samples) {
    const { labels, annotations } = labelled(rule, sample);
    const key = keyOfLabels(labels);
    if (next.has(key))
      throw new PromqlError(`alert ${rule.alert}: several series have the same labels once the alert's labels are applied`);
    const { activeAtMs, firedAtMs } = before.get(key) ?? { activeAtMs: nowMs, firedAtMs: undefined };
    next.set(key, { labels, annotations, activeAtMs, firedAtMs: firedAtMs ?? (nowMs - activeAtMs >= forMs ? nowMs : undefined) });
  }
  return next;
};

const labelled = (rule: AlertRule, { labels: own, value }: Sample): { labels: Labels; annotations: Labels } => {
  const data = { labels: without(own, [nameLabel]), value };
  const expanded = (texts: Readonly<Record<string, string>> = {}): Record<string, string> =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, expandTemplate(text, data)]));
  return { labels: withLabels(data.labels, { ...expanded(rule.labels), alertname: rule.alert }), annotations: expanded(rule.annotations) };
};
