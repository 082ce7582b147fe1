// The policies in force as one value: the defaults, overlaid by every RemediationPolicy in the order of their names. Pure.
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";

export interface Settings {
  readonly paused: boolean;
  readonly stabilisationSeconds: number;
  readonly coolOffSeconds: number;
  readonly approvalExpirySeconds: number;
  readonly verificationSeconds: number;
  readonly maxAttempts: number;
  readonly retentionSeconds: number;
  readonly approvers: readonly string[];
  readonly minApprovers: number;
  readonly perNamespacePerHour: number;
  readonly perHour: number;
  readonly protectedNamespaces: readonly string[];
  readonly protectedKinds: readonly string[];
  readonly freezes: NonNullable<RemediationPolicy["spec"]["freezes"]>;
}

export const defaultSettings: Settings = {
  paused: false,
  stabilisationSeconds: 60,
  coolOffSeconds: 1800,
  approvalExpirySeconds: 14_400,
  verificationSeconds: 300,
  maxAttempts: 3,
  retentionSeconds: 86_400,
  approvers: ["system:masters"],
  minApprovers: 1,
  perNamespacePerHour: 10,
  perHour: 30,
  protectedNamespaces: ["kube-system"],
  protectedKinds: [],
  freezes: [],
};
