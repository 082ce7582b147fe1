// What every controller is handed by the composition root. Nothing else reaches it: no ambient clock, no environment, no global.
import type { JournalReader } from "#cluster/journal/journal-reader.ts";
import type { Guardrails } from "#cluster/guardrails.ts";
import type { Caches } from "#kube/caches.ts";
import type { Kube } from "#kube/client.ts";
import type { EventRecorder } from "#kube/events.ts";
import type { Clock, Random } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { Metrics } from "#lib/metrics.ts";
import type { Settings } from "#policy/settings.ts";

export interface RoleDeps {
  readonly kube: Kube;
  readonly caches: Caches;
  readonly clock: Clock;
  readonly random: Random;
  /** For keys. */
  readonly randomBytes: (size: number) => Uint8Array;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly events: EventRecorder;
  readonly journal: JournalReader;
  /** Kintsugi's own namespace, where all its objects and Jobs live. */
  readonly namespace: string;
  /** The policies in force, merged: read anew at each decision. */
  readonly settings: () => Settings;
  /** The admission policies that bound Kintsugi: while one of them is not as generated, it refuses to act. */
  readonly guardrails: Guardrails;
}
