// The senders that post to the Gateway. A new one is a file beside this and a line here.
import { alertmanager } from "#services/gateway/sources/alertmanager.ts";
import type { SignalSource } from "#services/gateway/sources/delivery.ts";
import { generic } from "#services/gateway/sources/generic.ts";
import { grafana } from "#services/gateway/sources/grafana.ts";

export const signalSources: readonly SignalSource[] = [alertmanager, grafana, generic];
