// Deliveries of Grafana Alerting: the contact point "webhook" with its default payload (version 1). Pure.
import * as z from "zod";
import { grafanaSignalsPath } from "#api/rest/gateway.ts";
import { hashOf } from "#lib/canonical-json.ts";
import {
  alertName,
  LabelledAlert,
  readAlert,
  readDelivery,
  readLabelled,
  type SignalSource,
  usableFingerprint,
} from "#services/gateway/sources/delivery.ts";

/** `orgId` is Grafana's own: an Alertmanager that posts here by mistake is refused as a whole, instead of being half understood. */
const Envelope = z.object({ version: z.literal("1"), orgId: z.int(), alerts: z.array(z.unknown()) });

/** What Grafana raises about a rule that it could not evaluate: it says nothing of the object. */
const ofTheRule: ReadonlyMap<string, string> = new Map([
  ["DatasourceError", "Grafana could not query the data source of its rule: it says nothing of an object"],
  ["DatasourceNoData", "the rule of Grafana has no data: it says nothing of an object"],
]);

export const grafana: SignalSource = {
  name: "grafana",
  path: grafanaSignalsPath,
  body: "a delivery of Grafana Alerting (webhook version 1)",
  parse: (body, context) =>
    readDelivery(body, Envelope, "alerts", (value, index) =>
      readAlert(value, index, LabelledAlert, (alert) => {
        const name = alertName(alert.labels.alertname);
        const reason = ofTheRule.get(name);
        if (reason === undefined) return readLabelled(alert, "grafana", context);
        return { kind: "ignored", fingerprint: usableFingerprint(alert.fingerprint) ?? hashOf(alert.labels).slice(0, 16), reason, name };
      }),
    ),
};
