// Which workloads mount a claim: by name in their template, or through a StatefulSet's volumeClaimTemplates. Pure.
import type { Reference } from "#api/fields.ts";
import type { PersistentVolumeClaim } from "#api/kubernetes.ts";
import type { View } from "#diagnosis/view.ts";

export const claimants = (view: View, claim: PersistentVolumeClaim): readonly Reference[] =>
  view.workloads
    .filter(
      ({ reference, template, pods }) =>
        reference.namespace === claim.metadata.namespace &&
        [template.spec, ...pods.map(({ spec }) => spec)].some((spec) =>
          spec.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim.metadata.name),
        ),
    )
    .map(({ reference }) => reference);
