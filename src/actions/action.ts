// What an action is: a pure function from observed objects and parameters to changes, with its risk, its rights and its proof. No I/O.
import * as z from "zod";
import { referenceOf } from "#actions/change.ts";
import type { ActionName } from "#api/action-names.ts";
import type { Change, PatchOperation } from "#api/change.ts";
import type { Risk } from "#api/fields.ts";
import type { KubeObject, Need, ResourceType } from "#api/object.ts";
import type { KeptBefore, Named, ObservedObjects, Read } from "#api/observed.ts";

export type PlanResult =
  | { readonly ok: true; readonly changes: readonly Change[] }
  /** `NoOp`: what the action would bring about is so already. */
  | { readonly ok: false; readonly code: "Refused" | "NoOp"; readonly reason: string };

/** Whether the action's own effect is there; the symptom is not judged here. */
export type Effect =
  | { readonly state: "done" }
  | { readonly state: "pending"; readonly reason: string }
  | { readonly state: "failed"; readonly reason: string };

/** `inverse`: by the inverse of its changes. `none-needed`: a controller puts things back by itself. */
export type Undo = "inverse" | "none-needed" | "irreversible";

/** What an action may write. A path is a JSON pointer in which `*` is every item of a list; nothing outside the paths may change. */
export type Write =
  | { readonly verb: "patch"; readonly type: ResourceType; readonly subresource?: "scale"; readonly paths: readonly string[] }
  | { readonly verb: "create"; readonly type: ResourceType }
  | { readonly verb: "evict"; readonly type: ResourceType };

interface Facts {
  readonly name: ActionName;
  /** A few words for people, such as "Roll back a Deployment". */
  readonly title: string;
  /** What it does and when it refuses, in a sentence or two: the reference page. */
  readonly description: string;
  readonly targetKinds: readonly string[] | "any";
  readonly reads: readonly Read[];
  readonly risk: Risk;
  readonly undo: Undo;
  /** Everything that it may write. Its rights and its admission policy come from this. */
  readonly writes: readonly Write[];
  /** Asked after the changes were made, and after an undo with the changes of the undo. */
  verify(observed: ObservedObjects, changes: readonly Change[]): Effect;
}

export interface ActionDefinition<P extends z.ZodObject> extends Facts {
  readonly parameters: P;
  /** What it looks at besides `reads`, where the parameters say which. */
  looksUp?(parameters: z.output<P>): readonly (Named | KeptBefore)[];
  /** For an action that can bring its target back. */
  planMissing?(parameters: z.output<P>, observed: ObservedObjects): PlanResult;
  plan(parameters: z.output<P>, target: KubeObject, observed: ObservedObjects): PlanResult;
}

export interface Action extends Facts {
  readonly parameters: z.ZodObject;
  /** The rights of its own account, besides reading the execution. */
  readonly needs: readonly Need[];
  readonly reversible: boolean;
  /** `reads`, and what these parameters name. */
  readsFor(parameters: Readonly<Record<string, string>>): readonly Read[];
  /** Parameters as a custom resource carries them: text. Refuses what does not fit the schema or the kinds. */
  plan(parameters: Readonly<Record<string, string>>, observed: ObservedObjects): PlanResult;
}

export const refused = (reason: string): PlanResult => ({ ok: false, code: "Refused", reason });
export const noOp = (reason: string): PlanResult => ({ ok: false, code: "NoOp", reason });
export const planned = (...changes: readonly Change[]): PlanResult => ({ ok: true, changes });

/** Of this very object: by its name and its uid. */
export const patched = (target: KubeObject, operations: readonly PatchOperation[]): PlanResult =>
  planned({ type: "patch", object: referenceOf(target), uid: target.metadata.uid, operations });

/** A change at these paths, of objects of these types. */
export const patches = (types: readonly ResourceType[], paths: readonly string[]): readonly Write[] =>
  types.map((type) => ({ verb: "patch", type, paths }));

const rightsFor = (write: Write): readonly Need[] => {
  const need = (resource: string, verbs: Need["verbs"]): Need => ({ group: write.type.group, resource, verbs, scope: "cluster" });
  const { plural } = write.type;
  switch (write.verb) {
    case "patch":
      if (write.subresource === undefined) return [need(plural, ["get", "patch"])];
      return [need(plural, ["get"]), need(`${plural}/${write.subresource}`, ["get", "patch"])];
    case "create":
      return [need(plural, ["create"])];
    case "evict":
      return [need(plural, ["get"]), need(`${plural}/eviction`, ["create"])];
  }
};

/** Every action takes a reason: for the record, without an effect on the changes. */
const withReason = { reason: z.string().max(1024).optional().describe("Why, for the record.") };

/** Guarantees: `plan` sees only a target that exists, is not being deleted and is of a kind that the action knows, and parameters that fit; `planMissing` only that there is none. */
export const defineAction = <P extends z.ZodObject>(definition: ActionDefinition<P>): Action => {
  const schema = definition.parameters.extend(withReason).strict();
  const { looksUp, planMissing, ...facts } = definition;
  return {
    ...facts,
    parameters: schema,
    needs: facts.writes.flatMap(rightsFor),
    reversible: definition.undo !== "irreversible",
    readsFor: (parameters) => {
      const read = schema.safeParse(parameters);
      return looksUp === undefined || !read.success ? facts.reads : [...facts.reads, ...looksUp(read.data as z.output<P>)];
    },
    plan: (parameters, observed) => {
      const { target } = observed;
      if (target === undefined && planMissing === undefined) return refused("the target does not exist");
      if (target?.metadata.deletionTimestamp !== undefined) return refused("the target is being deleted");
      if (target !== undefined && definition.targetKinds !== "any" && !definition.targetKinds.includes(target.kind))
        return refused(`${definition.name} works on ${definition.targetKinds.join(", ")}, not on a ${target.kind}`);
      const read = schema.safeParse(parameters);
      if (!read.success) return refused(`parameters: ${read.error.issues.map(issueText).join("; ")}`);
      const wanted = read.data as z.output<P>;
      if (target !== undefined) return definition.plan(wanted, target, observed);
      return planMissing?.(wanted, observed) ?? refused("the target does not exist");
    },
  };
};

const issueText = (issue: z.core.$ZodIssue): string =>
  issue.path.length === 0 ? issue.message : `${issue.path.map(String).join(".")}: ${issue.message}`;
