// What `kintsugi run` is started with. Types only.
import type { LogLevel } from "#lib/log.ts";
import type { SignalSettings } from "#runtime/signal-settings.ts";

export interface RunOptions {
  /** Kintsugi's own. */
  readonly namespace: string;
  readonly address: string;
  /** By the name of the port; the number that its role declares where a name is missing. */
  readonly ports: Readonly<Record<string, number>>;
  /** Certificate and key of the secured ports. Default: plain HTTP. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Callers' tokens must be for this audience. */
  readonly tokenAudience: string;
  /** A file of shared secrets, one a line. */
  readonly senderSecretFile?: string | undefined;
  /** Default: no write-ahead log. */
  readonly wal?: { readonly folder: string; readonly maxBytes: number } | undefined;
  /** The image of the Jobs. */
  readonly image: string;
  readonly leaderElection: "on" | "off";
  readonly logLevel: LogLevel;
  /** How alerts are read. Default: the default order of labels, and no Kubernetes events. */
  readonly signals?: SignalSettings | undefined;
}
