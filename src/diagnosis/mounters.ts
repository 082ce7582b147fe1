// Workloads that name a ConfigMap or a claim: as files, projected files or variables. Pure.
import type { ConfigMap } from "#api/kubernetes.ts";
import { templateReferences } from "#cluster/template-references.ts";
import type { View, Workload } from "#diagnosis/view.ts";

export const mountersOf = (view: View, { metadata }: ConfigMap): readonly Workload[] =>
  view.workloads.filter(
    ({ reference, template }) =>
      reference.namespace === metadata.namespace &&
      templateReferences(template).some(({ kind, name }) => kind === "ConfigMap" && name === metadata.name),
  );
