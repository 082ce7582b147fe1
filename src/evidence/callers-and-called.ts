// Which pods call some others, or are called by them, as far as Services and the configuration of their programs say. Pure.
import { Services, type Pod, type Service } from "#api/kubernetes.ts";
import { serviceSelects } from "#api/selectors.ts";
import { configurationTexts } from "#evidence/configuration-texts.ts";
import type { Gather } from "#evidence/gather.ts";

/** Whether a pod names a Service of one of these in its configuration, or one of these names a Service of it. */
export const callersAndCalled = (gather: Gather, pods: readonly Pod[]): ((pod: Pod) => boolean) => {
  const services = gather.of(Services);
  const own = new Set(services.filter((service) => pods.some((pod) => isBehind(service, pod))).map(({ metadata }) => metadata.name));
  const named = wordsOf(gather, pods);
  const called = services.filter(({ metadata }) => named.has(metadata.name) && !own.has(metadata.name));
  return (pod) => {
    if (called.some((service) => isBehind(service, pod))) return true;
    if (own.size === 0) return false;
    const words = wordsOf(gather, [pod]);
    return [...own].some((name) => words.has(name));
  };
};

const isBehind = ({ metadata, spec }: Service, pod: Pod): boolean =>
  metadata.namespace === pod.metadata.namespace && serviceSelects(spec?.selector, pod.metadata.labels);

/** Every word that may be the name of a Service, in commands, arguments, variables and ConfigMaps. */
const wordsOf = (gather: Gather, pods: readonly Pod[]): ReadonlySet<string> => {
  const words = new Set<string>();
  for (const { metadata, spec } of pods)
    for (const text of configurationTexts(gather, metadata.namespace ?? "", { spec }))
      for (const [word] of text.matchAll(/[a-z0-9][-a-z0-9]{0,62}/g)) words.add(word);
  return words;
};
