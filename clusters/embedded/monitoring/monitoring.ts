// A small Prometheus and Alertmanager: evaluates alert rules once a second over the cluster's state and posts what fires to a webhook. Reads
// objects only; how a request leaves the process is passed in.
import type { Stored } from "#embedded/json.ts";
import {
  type ActiveAlert,
  type ActiveAlerts,
  type AlertRule,
  type CompiledRule,
  compileRule,
  nextAlerts,
} from "#embedded/monitoring/alert-rule.ts";
import { type AlertGroups, type Delivery, createAlertGroups } from "#embedded/monitoring/alert-groups.ts";
import { evaluate } from "#embedded/monitoring/promql.ts";
import type { Sample } from "#embedded/monitoring/samples.ts";
import { stateSamples } from "#embedded/monitoring/state-metrics.ts";
import type { WebhookPayload } from "#embedded/monitoring/webhook-payload.ts";
import type { Clock } from "#lib/clock.ts";

export interface Webhook {
  readonly url: string;
  readonly bearerToken?: string;
}

export interface MonitoringDeps {
  readonly clock: Clock;
  readonly list: (storageKey: string) => readonly Stored[];
  /** Posts JSON. Returns the status; throws if there is no answer. */
  readonly post: (webhook: Webhook, payload: WebhookPayload) => Promise<number>;
  /** Called when a rule cannot be evaluated or the webhook refuses. */
  readonly reportProblem?: (message: string) => void;
}

export interface Monitoring {
  /** Replaces all rules. Throws, and changes nothing, if one of them is invalid. */
  setRules(rules: readonly AlertRule[]): void;
  setWebhook(webhook: Webhook | undefined): void;
  alerts(): readonly ActiveAlert[];
  stop(): void;
}

const intervalMs = 1_000;
/** Prometheus repeats every alert to Alertmanager; an alert that is not repeated, as of a deleted rule, ends after this time. */
const endsByItselfMs = 240_000;

interface RunningRule {
  readonly compiled: CompiledRule;
  active: ActiveAlerts;
}

export const createMonitoring = (deps: MonitoringDeps): Monitoring => {
  const { clock, list } = deps;
  let webhook: Webhook | undefined;
  let rules: RunningRule[] = [];
  let cancel = (): void => {};

  const deliver = async (payload: WebhookPayload): Promise<Delivery> => {
    if (webhook === undefined) return "refused";
    try {
      const status = await deps.post(webhook, payload);
      if (status >= 200 && status < 300) return "delivered";
      deps.reportProblem?.(`the webhook answered ${status}`);
      return status >= 500 ? "failed" : "refused";
    } catch (error) {
      deps.reportProblem?.(`the webhook does not answer: ${error instanceof Error ? error.message : String(error)}`);
      return "failed";
    }
  };
  let groups: AlertGroups = createAlertGroups({ clock, externalURL: externalUrl, deliver });

  const evaluateAll = (): void => {
    const nowMs = clock.now();
    const known = new Map<string, readonly Sample[]>();
    const scraped = (name: string): readonly Sample[] => {
      const samples = known.get(name) ?? stateSamples(name, list);
      known.set(name, samples);
      return samples;
    };
    for (const rule of rules) {
      try {
        const next = nextAlerts(rule.compiled, rule.active, evaluate(rule.compiled.expr, scraped), nowMs);
        for (const [key, alert] of rule.active) if (!next.has(key)) send(rule, alert, nowMs);
        for (const alert of next.values()) send(rule, alert, nowMs + endsByItselfMs);
        rule.active = next;
      } catch (error) {
        deps.reportProblem?.(`${rule.compiled.rule.alert}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };

  const send = ({ compiled }: RunningRule, { labels, annotations, firedAtMs }: ActiveAlert, endsAtMs: number): void => {
    const generatorURL = `${externalUrl}/graph?g0.expr=${encodeURIComponent(compiled.rule.expr)}&g0.tab=1`;
    if (firedAtMs !== undefined) groups.receive({ labels, annotations, startsAtMs: firedAtMs, endsAtMs, generatorURL });
  };

  const tick = (): void => {
    cancel = clock.after(intervalMs, () => {
      evaluateAll();
      tick();
    });
  };

  return {
    setRules: (wanted) => {
      const compiled = wanted.map((rule) => compileRule(rule));
      const before = new Map(rules.map((rule) => [JSON.stringify(rule.compiled.rule), rule]));
      rules = compiled.map((each) => before.get(JSON.stringify(each.rule)) ?? { compiled: each, active: new Map() });
      cancel();
      cancel = (): void => {};
      if (rules.length > 0) tick();
    },
    setWebhook: (next) => {
      webhook = next;
      // As after a reload of Alertmanager, firing alerts are sent again.
      groups.stop();
      groups = createAlertGroups({ clock, externalURL: externalUrl, deliver });
    },
    alerts: () => rules.flatMap(({ active }) => [...active.values()]),
    stop: () => {
      cancel();
      cancel = (): void => {};
      rules = [];
      groups.stop();
    },
  };
};

const externalUrl = "http://monitoring.embedded";
