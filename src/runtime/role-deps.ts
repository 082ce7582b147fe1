// What the composition root passes to a role. Nothing else reaches it: no ambient clock, no environment, no global.
import type { Reason, Transition } from "#api/transition.ts";
import type { Guardrails } from "#cluster/guardrails.ts";
import type { JournalKeeper } from "#cluster/journal/keep-journal.ts";
import type { JournalReader } from "#cluster/journal/journal-reader.ts";
import type { SignalSettings } from "#runtime/signal-settings.ts";
import type { Diagnoser } from "#investigation/diagnoser.ts";
import type { Caches } from "#kube/caches.ts";
import type { Kube } from "#kube/client.ts";
import type { EventRecorder } from "#kube/events.ts";
import type { Clock, Random } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import type { Metrics } from "#lib/metrics.ts";
import type { SecretFile } from "#lib/secret-file.ts";
import type { WriteAheadLog } from "#lib/write-ahead-log.ts";
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
  readonly events: EventRecorder<Reason>;
  /** Called with every transition, after its write. The one place to subscribe. */
  readonly onTransition?: (transition: Transition) => void;
  readonly journal: JournalReader;
  /** Kintsugi's own namespace, where all its objects and Jobs live. */
  readonly namespace: string;
  /** The policies in force, merged: read anew at each decision. */
  readonly settings: () => Settings;
  /** The admission policies that bound Kintsugi: while one of them is not as generated, it refuses to act. */
  readonly guardrails: Guardrails;
}

/** Also what only one role needs. */
export interface StartDeps extends RoleDeps {
  /** The image of the Jobs. */
  readonly image: string;
  /** Where evidence is diagnosed. Default: in this thread. */
  readonly diagnoser?: Diagnoser | undefined;
  readonly journalKeeper: JournalKeeper;
  /** The audience of callers' tokens. */
  readonly tokenAudience: string;
  /** The issuer of this cluster's tokens; undefined where it is not known. */
  readonly tokenIssuer: () => Promise<string | undefined>;
  /** How alerts are read. Default: the default order of labels, and no Kubernetes events. */
  readonly signals?: SignalSettings | undefined;
  /** Of senders without a token of this cluster. */
  readonly senderSecrets?: SecretFile | undefined;
  /** Where alerts wait while the API server does not answer. Default: they are refused then. */
  readonly wal?: WriteAheadLog | undefined;
}
