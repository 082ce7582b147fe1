// What the programs of a template get from its commands, arguments, variables and ConfigMaps, as texts to search. Pure.
import { ConfigMaps, type PodTemplate } from "#api/kubernetes.ts";
import { configsRead } from "#evidence/configs.ts";
import type { Gather } from "#evidence/gather.ts";

export const configurationTexts = (gather: Gather, namespace: string, template: PodTemplate): readonly string[] => [
  ...[...(template.spec.initContainers ?? []), ...template.spec.containers].flatMap(({ command = [], args = [], env = [] }) => [
    ...command,
    ...args,
    ...env.flatMap(({ value }) => (value === undefined ? [] : [value])),
  ]),
  ...configsRead(template).flatMap(({ name }) => Object.values(gather.find(ConfigMaps, { namespace, name })?.data ?? {})),
];
