// The law of undo: the inverse that is stored before a change restores what the change replaced, and an undo does restore it. Looks at the objects
// themselves, before and after each write of an action.
import { decodeChanges } from "#actions/change.ts";
import { holdsChanges } from "#actions/invert.ts";
import type { Change } from "#api/change.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { Deployments, Secrets } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { openChanges } from "#cluster/sealed-changes.ts";
import type { Kube } from "#kube/client.ts";
import { canonicalJson, type Json } from "#lib/canonical-json.ts";
import { applyPatch } from "#lib/json-patch.ts";
import type { Law } from "#sim/laws/law.ts";
import type { Arrival } from "#sim/network.ts";
import { own } from "#sim/platform.ts";
import type { WorldView } from "#sim/world.ts";

/** Every value of an object's spec, labels and annotations, by its pointer. */
type Values = ReadonlyMap<string, string>;

export interface UndoLaw extends Law {
  /** The uids of executions whose change was not undone and is still in its object, every value of it. */
  remaining(): readonly string[];
}

export const createUndoLaw = (view: WorldView): UndoLaw => {
  const violations: string[] = [];
  /** By the execution's uid: what its change replaced, and what it put there. */
  const changed = new Map<string, { readonly replaced: Values; readonly written: Values; readonly at: Arrival }>();
  let before: KubeObject | undefined;

  const executionOf = (process: string): KubernetesExecution | undefined =>
    view.objects(KubernetesExecution).find(({ metadata }) => metadata.name === process.slice("act/".length));
  const uidOf = (name: string): string => executionOf(`act/${name}`)?.metadata.uid ?? "";
  const kube: Pick<Kube, "get"> = {
    get: <T extends KubeObject>(type: { readonly plural: string }, { name }: { readonly name: string }) => {
      const found = view.objects(Secrets).find(({ metadata }) => metadata.namespace === own && metadata.name === name);
      return Promise.resolve((type.plural === Secrets.plural ? found : undefined) as unknown as T | undefined);
    },
  };
  const checkStored = async ({ metadata, status }: KubernetesExecution, was: KubeObject, is: KubeObject): Promise<void> => {
    const stored = status?.inverse;
    const broken = (why: string): void => void violations.push(`the inverse of ${metadata.name} ${why}`);
    if (stored === undefined) return broken("was not stored before the change");
    if (!holdsChanges(stored)) return;
    const opened = await openChanges(
      { kube, namespace: own },
      { kind: KubernetesExecution.kind, name: metadata.name, field: "inverse" },
      stored,
    );
    if (!opened.ok) return broken(`cannot be opened: ${opened.reason}`);
    const changes = decodeChanges(opened.text);
    if (changes.length !== 1) return;
    const restored = changes.reduce<unknown>((object, change) => patched(object, change), is);
    const left = stillDifferent(differences(was, is), valuesOf(restored as KubeObject));
    if (left.length > 0) broken(`does not restore ${left.join(", ")}`);
  };
  return {
    violations,
    remaining: () =>
      [...changed].flatMap(([uid, { written, at }]) => {
        const live = deploymentAt(view, at);
        return live !== undefined && stillDifferent(written, valuesOf(live)).length === 0 ? [uid] : [];
      }),
    seeArrival: (arrival) => {
      before = arrival.side === "act" && arrival.method !== "GET" ? deploymentAt(view, arrival) : undefined;
    },
    see: ({ side, isWrite, status, process, method, path }) => {
      if (side !== "act" || !isWrite || status >= 300 || before === undefined) return;
      const was = before;
      const at: Arrival = { side, process, method, path };
      const is = deploymentAt(view, at);
      const execution = executionOf(process);
      if (is === undefined || execution === undefined || is.metadata.resourceVersion === was.metadata.resourceVersion) return;
      const { undoes } = execution.spec;
      if (undoes === undefined) {
        changed.set(execution.metadata.uid, { replaced: differences(was, is), written: differences(is, was), at });
        void checkStored(execution, was, is);
        return;
      }
      const left = stillDifferent(changed.get(uidOf(undoes))?.replaced ?? new Map(), valuesOf(is));
      changed.delete(uidOf(undoes));
      if (left.length > 0) violations.push(`the undo ${execution.metadata.name} does not restore ${left.join(", ")}`);
    },
  };
};

const patched = (object: unknown, change: Change): unknown => {
  if (change.type !== "patch") return object;
  return applyPatch(object, change.operations);
};

const deploymentAt = (view: WorldView, { path }: Arrival): KubeObject | undefined => {
  const [, namespace, name] = /\/apis\/apps\/v1\/namespaces\/([^/?]+)\/deployments\/([^/?]+)/.exec(path) ?? [];
  return view.objects(Deployments).find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
};

const valuesOf = (object: KubeObject): Values => {
  const values = new Map<string, string>();
  const walk = (value: Json, at: string): void => {
    if (typeof value !== "object" || value === null) return void values.set(at, canonicalJson(value));
    for (const [key, each] of Object.entries(value)) if (each !== undefined) walk(each as Json, `${at}/${key}`);
  };
  const { metadata, spec } = object as KubeObject & { readonly spec?: Json };
  walk((spec ?? {}) as Json, "/spec");
  walk({ ...metadata.labels }, "/metadata/labels");
  walk({ ...metadata.annotations }, "/metadata/annotations");
  return values;
};

/** What the first has that the second has not, or otherwise; and, without a value, what the second has more. */
const differences = (was: KubeObject, is: KubeObject): Values => {
  const [old, now] = [valuesOf(was), valuesOf(is)];
  const changed = [...new Set([...old.keys(), ...now.keys()])].filter((at) => old.get(at) !== now.get(at));
  return new Map(changed.map((at) => [at, old.get(at) ?? ""]));
};

const stillDifferent = (wanted: Values, values: Values): readonly string[] =>
  [...wanted].filter(([at, value]) => (values.get(at) ?? "") !== value).map(([at]) => at);
