// The changes in approvals and executions, sealed with a key of this installation: who may view those objects sees the masked diffs, and never what is in here.
import type { KubeObject, Need } from "#api/object.ts";
import { ensureKey, type KeyPlace, keyNeeds, readKey } from "#cluster/installation-key.ts";
import type { Kube } from "#kube/client.ts";
import { KubeError, StalledError } from "#kube/errors.ts";
import { open, seal } from "#lib/sealed-text.ts";

export const CHANGES_KEY = "kintsugi-changes-key";

/** For who records changes. */
export const sealNeeds: readonly Need[] = keyNeeds(CHANGES_KEY, ["get", "create"]);
/** For who applies or compares recorded changes. */
export const openNeeds: readonly Need[] = keyNeeds(CHANGES_KEY, ["get"]);

/** Where a text is recorded: a sealed text opens there only. */
export interface Place {
  readonly kind: KubeObject["kind"];
  readonly name: string;
  readonly field: "changes" | "inverse";
}

export interface SealDeps {
  readonly kube: Pick<Kube, "get" | "create">;
  /** Kintsugi's own. */
  readonly namespace: string;
  /** For a key, where there is none yet. */
  readonly randomBytes: (size: number) => Uint8Array;
}
export type OpenDeps = { readonly kube: Pick<Kube, "get">; readonly namespace: string };

export type Seal = (place: Place, text: string) => string;

export const sealer = async ({ kube, namespace, randomBytes }: SealDeps, signal?: AbortSignal): Promise<Seal> => {
  const key = await usable(() => ensureKey(kube, { ...keyPlace(namespace), randomBytes }, signal), signal);
  if (typeof key === "string") throw new StalledError(key);
  return (place, text) => seal(key, aboutOf(namespace, place), text);
};

export type OpenedChanges = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };

/** Throws only what the API server may answer differently later. */
export const openChanges = async (
  { kube, namespace }: OpenDeps,
  place: Place,
  sealed: string,
  signal?: AbortSignal,
): Promise<OpenedChanges> => {
  const missing = `Secret ${CHANGES_KEY} no longer exists`;
  const key = await usable(async () => (await readKey(kube, keyPlace(namespace), signal)) ?? missing, signal);
  if (typeof key === "string") return { ok: false, reason: `cannot open the recorded changes: ${key}` };
  const opened = open(key, aboutOf(namespace, place), sealed);
  return opened.ok ? opened : { ok: false, reason: `cannot open the recorded changes: ${reasons[opened.reason]}` };
};

const reasons = {
  unsealed: "an older version of Kintsugi wrote them unsealed",
  unauthentic: `the key in Secret ${CHANGES_KEY} was replaced, or the record was altered`,
} as const;

/** The key, or why it cannot be used. */
const usable = async (read: () => Promise<Buffer | string>, signal: AbortSignal | undefined): Promise<Buffer | string> => {
  try {
    return await read();
  } catch (error) {
    if (error instanceof KubeError || signal?.aborted === true) throw error;
    return (error as Error).message;
  }
};

const keyPlace = (namespace: string): KeyPlace => ({ namespace, name: CHANGES_KEY });
const aboutOf = (namespace: string, { kind, name, field }: Place): string => `${kind} ${namespace}/${name} ${field}`;
