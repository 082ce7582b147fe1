// Workloads whose containers see a ConfigMap's data: as files, projected files or variables. Pure.
import type { ConfigMap } from "#api/kubernetes.ts";
import type { View, Workload } from "#diagnosis/view.ts";

export const mountersOf = (view: View, { metadata }: ConfigMap): readonly Workload[] =>
  view.workloads.filter(({ reference, template }) => {
    if (reference.namespace !== metadata.namespace) return false;
    const { containers, initContainers = [], volumes = [] } = template.spec;
    return (
      volumes.some(
        ({ configMap, projected }) =>
          configMap?.name === metadata.name || projected?.sources?.some((source) => source.configMap?.name === metadata.name) === true,
      ) ||
      [...containers, ...initContainers].some(
        ({ env = [], envFrom = [] }) =>
          envFrom.some(({ configMapRef }) => configMapRef?.name === metadata.name) ||
          env.some(({ valueFrom }) => valueFrom?.configMapKeyRef?.name === metadata.name),
      )
    );
  });
