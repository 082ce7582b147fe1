// Names of the Secrets that a workload's containers get their environment from. Names only; values are never in evidence. Pure.
import type { Workload } from "#diagnosis/view.ts";

export const secretsOf = ({ template }: Workload): readonly string[] => [
  ...new Set(
    template.spec.containers.flatMap(({ env = [], envFrom = [] }) => [
      ...envFrom.flatMap(({ secretRef }) => secretRef?.name ?? []),
      ...env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []),
    ]),
  ),
];
