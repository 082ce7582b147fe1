// Texts of causes as data: `Pods of {workload} wait for {image}`. The compiler refuses a placeholder that the subject does not fill. Pure.
import type { Reference } from "#api/fields.ts";
import { type KubeObject, referenceText } from "#api/object.ts";
import { referenceTo } from "#diagnosis/view.ts";

/** A thing with a name: an object, a reference to one, or a workload. */
export type Named = Reference | KubeObject | { readonly reference: Reference };

type Item = string | number | Named;

/** A placeholder for several things joins them by commas. */
type Sayable = Item | readonly Item[];

type Placeholder<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholder<Rest> : never;
type Field<S> = { [K in keyof S]-?: S[K] extends Sayable ? K : never }[keyof S];
type Open<Text extends string, S> = Exclude<Placeholder<Text>, Field<S>>;

/** The text itself, where the subject fills each of its placeholders. */
export type Template<Text extends string, S> = [Open<Text, S>] extends [never] ? Text : `the subject lacks ${Open<Text, S>}`;

export const referenceOf = (named: Named): Reference =>
  "reference" in named ? named.reference : "metadata" in named ? referenceTo(named) : named;

/** `Kind namespace/name`. */
export const nameOf = (named: Named): string => referenceText(referenceOf(named));

const itemText = (item: Item): string => (typeof item === "object" ? nameOf(item) : String(item));

const itemsOf = (subject: object, field: string): readonly string[] => {
  const value = (subject as Readonly<Record<string, Sayable>>)[field] ?? "";
  return (Array.isArray(value) ? (value as readonly Item[]) : [value as Item]).map(itemText);
};

export const filled = (text: string, subject: object): string =>
  text.replaceAll(/\{(\w+)\}/g, (_, field: string) => itemsOf(subject, field).join(", "));

/** Links are joined by ` → `. One that is a placeholder alone becomes one link for each of its things, and none where there is none. */
export const filledChain = (text: string, subject: object): readonly string[] =>
  text.split(" → ").flatMap((link) => {
    const field = /^\{(\w+)\}$/.exec(link)?.[1];
    return (field === undefined ? [filled(link, subject)] : itemsOf(subject, field)).filter((each) => each !== "");
  });
