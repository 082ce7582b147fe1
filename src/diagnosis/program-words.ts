// What a program goes by in its own variables: the words that several of their names begin with, `ORDER_DB` of ORDER_DB_HOST and ORDER_DB_PORT.
// Names of variables and of keys only, never a value. Pure.
import { ConfigMaps, Secrets } from "#api/kubernetes.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import type { ObservedSecret } from "#evidence/evidence.ts";

export const programWordsOf = (view: View, { reference: { namespace }, template }: Workload): readonly string[] => {
  const names = template.spec.containers.flatMap(({ env = [], envFrom = [] }) => [
    ...env.map(({ name }) => name),
    ...envFrom.flatMap(({ configMapRef, secretRef }) => [
      ...(configMapRef === undefined ? [] : Object.keys(view.get(ConfigMaps, namespace, configMapRef.name)?.data ?? {})),
      ...(secretRef === undefined ? [] : ((view.get(Secrets, namespace, secretRef.name) as ObservedSecret | undefined)?.keys ?? [])),
    ]),
  ]);
  const families = new Map<string, string[][]>();
  for (const name of names) {
    const words = name.split("_");
    const family = families.get(words[0] ?? "");
    if (family === undefined) families.set(words[0] ?? "", [words]);
    else family.push(words);
  }
  return [...families.values()].filter((family) => family.length > 1).map(sharedStart);
};

const sharedStart = ([first = [], ...others]: readonly (readonly string[])[]): string => {
  const differs = first.findIndex((word, index) => others.some((words) => words[index] !== word));
  return (differs < 0 ? first : first.slice(0, differs)).join("_");
};
