// What is set about the alerts that the Gateway takes. Types only.
import type { LabelOrder } from "#cluster/reported-object.ts";

export interface SignalSettings {
  /** Which labels name an object, most trusted first. */
  readonly order: LabelOrder;
  /** Whether Warning events of the namespaces that are opted in are taken as alerts. */
  readonly events: "watched" | "ignored";
}
