// One alerting rule over time: inactive, pending, firing, resolved, as rules/alerting.go of Prometheus has it. Pure.
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
  readonly value: number;
  readonly state: "pending" | "firing" | "resolved";
  readonly activeAtMs: number;
  readonly firedAtMs?: number;
  readonly resolvedAtMs?: number;
}
export type ActiveAlerts = ReadonlyMap<string, ActiveAlert>;

/** Throws with the rule's name and what is wrong with it. */
export const compileRule = (rule: AlertRule): CompiledRule => {
  try {
    return { rule, expr: parsePromql(rule.expr), forMs: durationMs(rule.for ?? "0") };
  } catch (error) {
    throw error instanceof PromqlError ? new PromqlError(`alert ${rule.alert}: ${error.message}`) : error;
  }
};

/** Prometheus goes on telling of a resolved alert for so long. */
const resolvedRetentionMs = 15 * 60_000;

/** What is active after one evaluation. */
export const nextAlerts = (compiled: CompiledRule, before: ActiveAlerts, samples: readonly Sample[], nowMs: number): ActiveAlerts => {
  const next = new Map<string, ActiveAlert>();
  for (const sample of samples) {
    const { labels, annotations } = labelled(compiled.rule, sample);
    const key = keyOfLabels(labels);
    if (next.has(key))
      throw new PromqlError(`alert ${compiled.rule.alert}: several series have the same labels once the alert's labels are applied`);
    const known = before.get(key);
    const began: ActiveAlert =
      known === undefined || known.state === "resolved"
        ? { labels, annotations, value: sample.value, state: "pending", activeAtMs: nowMs }
        : { ...known, annotations, value: sample.value };
    next.set(key, fired(began, compiled, nowMs));
  }
  for (const [key, alert] of before) if (!next.has(key)) for (const kept of ended(alert, nowMs)) next.set(key, kept);
  return next;
};

const fired = (alert: ActiveAlert, { forMs }: CompiledRule, nowMs: number): ActiveAlert =>
  alert.state === "pending" && nowMs - alert.activeAtMs >= forMs ? { ...alert, state: "firing", firedAtMs: nowMs } : alert;

/** One whose expression is no longer true: nothing is left of a pending one. */
const ended = (alert: ActiveAlert, nowMs: number): ActiveAlert[] => {
  if (alert.state === "pending") return [];
  if (alert.state === "resolved") return nowMs - (alert.resolvedAtMs ?? 0) > resolvedRetentionMs ? [] : [alert];
  return [{ ...alert, state: "resolved", resolvedAtMs: nowMs }];
};

const labelled = (rule: AlertRule, { labels: own, value }: Sample): { labels: Labels; annotations: Labels } => {
  const data = { labels: without(own, [nameLabel]), value };
  const expanded = (texts: Readonly<Record<string, string>> = {}): Record<string, string> =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, expandTemplate(text, data)]));
  return { labels: withLabels(data.labels, { ...expanded(rule.labels), alertname: rule.alert }), annotations: expanded(rule.annotations) };
};
