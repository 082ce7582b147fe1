// Deliveries of Alertmanager: webhook version 4, as https://prometheus.io/docs/alerting/latest/configuration/#webhook_config describes it. Pure.
import * as z from "zod";
import { prometheusSignalsPath } from "#api/rest/gateway.ts";
import { LabelledAlert, readAlert, readDelivery, readLabelled, type SignalSource } from "#services/gateway/sources/delivery.ts";

const Envelope = z.object({ version: z.literal("4"), alerts: z.array(z.unknown()) });

export const alertmanager: SignalSource = {
  name: "prometheus",
  path: prometheusSignalsPath,
  body: "an Alertmanager delivery (webhook version 4)",
  parse: (body, context) =>
    readDelivery(body, Envelope, "alerts", (value, index) =>
      readAlert(value, index, LabelledAlert, (alert) => readLabelled(alert, "prometheus", context)),
    ),
};
