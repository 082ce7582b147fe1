// Which workloads mount a claim: by name in their template, or through a StatefulSet's volumeClaimTemplates. Pure.
import type { Reference } from "#api/fields.ts";
import type { PersistentVolumeClaim } from "#api/kubernetes.ts";
import { templateReferences } from "#cluster/template-references.ts";
import type { View } from "#diagnosis/view.ts";

export const claimants = (view: View, { metadata }: PersistentVolumeClaim): readonly Reference[] =>
  view.workloads
    .filter(
      ({ reference, template, pods }) =>
        reference.namespace === metadata.namespace &&
        [template, ...pods].some((each) =>
          templateReferences(each).some(({ kind, name }) => kind === "PersistentVolumeClaim" && name === metadata.name),
        ),
    )
    .map(({ reference }) => reference);
