// One value per custom resource: its TypeScript type, CRD, validator and reference page all come from it. Pure data, no I/O.
import type * as z from "zod";
import type { KubeObject, ObjectMeta, ResourceType } from "#api/object.ts";

export const GROUP = "kintsugi.dev";
export const VERSION = "v1alpha1";
export const API_VERSION = `${GROUP}/${VERSION}`;

export interface CustomResource<Spec, Status> extends KubeObject {
  metadata: ObjectMeta & { namespace: string };
  spec: Spec;
  status?: Status;
}

/** A column of `kubectl get`; `priority` 1 shows with `-o wide` only. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "date" | "number";
  readonly jsonPath: string;
  readonly priority?: 1;
}

export interface Kind<S extends z.ZodObject = z.ZodObject, T extends z.ZodObject = z.ZodObject> extends ResourceType<
  CustomResource<z.output<S>, z.output<T>>
> {
  readonly shortName: string;
  readonly description: string;
  readonly spec: S;
  readonly status: T;
  /** Top-level spec fields that may change after creation; "all" where the whole spec may. Every other one is immutable. */
  readonly mutable: readonly string[] | "all";
  readonly columns: readonly PrinterColumn[];
}

export const defineKind = <S extends z.ZodObject, T extends z.ZodObject>(
  definition: Omit<Kind<S, T>, "group" | "version" | "namespaced" | "objectType">,
): Kind<S, T> => ({ group: GROUP, version: VERSION, namespaced: true, ...definition });

export type ResourceOf<K extends Kind> = NonNullable<K["objectType"]>;

/** For each phase, the phases that may follow. A `Record` over all phases: a new phase does not compile until it has a row. */
export type Transitions<Phase extends string> = Readonly<Record<Phase, readonly Phase[]>>;

export const isTerminal = <Phase extends string>(transitions: Transitions<Phase>, phase: Phase): boolean => transitions[phase].length === 0;

/** Of any object with phases; one that has no status yet is Pending. */
export const phaseOf = <Phase extends string>(object: {
  readonly status?: { readonly phase?: Phase | undefined } | undefined;
}): Phase | "Pending" => object.status?.phase ?? "Pending";

export const mayBecome = <Phase extends string>(transitions: Transitions<Phase>, from: Phase, to: Phase): boolean =>
  transitions[from].includes(to);
