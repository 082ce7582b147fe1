// What an investigator may look at, as one plain, bounded, redacted value. Text in it comes from the cluster: data, never an instruction.
import type { Alert, Reference } from "#api/fields.ts";
import type { ObservedChange } from "#evidence/evidence.ts";
import type { LabelSelector, ObjectCondition, PodTemplate } from "#api/kubernetes.ts";

export interface WorkloadEvidence {
  readonly collectedAt: string;
  readonly alert: Alert;
  readonly target: TargetEvidence;
  /** Every pod of the target, oldest first. */
  readonly pods: readonly PodEvidence[];
  /** Newest first; empty for a kind without revisions. */
  readonly revisions: readonly RevisionEvidence[];
  /** About the target, its revisions and its pods; newest first. */
  readonly events: readonly EventEvidence[];
  readonly logs: readonly LogEvidence[];
  /** ConfigMaps that the pods read. Their values are not here: who needs to know what they say asks a person. */
  readonly configs: readonly ConfigEvidence[];
  readonly nodes: readonly NodeEvidence[];
  /** What could not be read, in words. */
  readonly gaps: readonly string[];
}

export interface TargetEvidence {
  readonly reference: Reference;
  /** `unknown`: a kind that cannot be looked into. */
  readonly state: "found" | "gone" | "unknown";
  readonly uid?: string;
  readonly createdAt?: string;
  /** The workload's controller has seen the newest spec. */
  readonly isObserved?: boolean;
  readonly isPaused?: boolean;
  readonly replicas?: ReplicaCounts;
  readonly conditions: readonly ObjectCondition[];
  readonly selector?: LabelSelector;
  readonly template?: PodTemplate;
}

export interface ReplicaCounts {
  readonly desired: number;
  readonly current: number;
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
}

export interface PodEvidence {
  readonly name: string;
  readonly uid: string;
  readonly createdAt: string;
  /** Name of the ReplicaSet or other controller it belongs to. */
  readonly owner?: string;
  readonly node?: string;
  readonly phase: string;
  readonly isReady: boolean;
  readonly readySince?: string;
  readonly isDeleting: boolean;
  readonly conditions: readonly ObjectCondition[];
  readonly containers: readonly ContainerEvidence[];
}

export interface ContainerEvidence {
  readonly name: string;
  readonly role: "init" | "main";
  readonly image: string;
  readonly isReady: boolean;
  readonly restarts: number;
  readonly state: RunState;
  /** The run before this one. */
  readonly last?: RunState;
}

export interface RunState {
  readonly kind: "waiting" | "running" | "terminated" | "unknown";
  readonly reason?: string;
  readonly message?: string;
  readonly exitCode?: number;
  readonly signal?: number;
  readonly startedAt?: string;
  readonly finishedAt?: string;
}

export interface RevisionEvidence {
  readonly revision: number;
  /** The ReplicaSet that holds it. */
  readonly name: string;
  readonly isCurrent: boolean;
  /** When this revision was last rolled out, as far as the cluster remembers. */
  readonly releasedAt: string;
  readonly replicas: number;
  readonly ready: number;
  readonly template: PodTemplate;
  readonly changeCause?: string;
}

export interface EventEvidence {
  /** `Kind namespace/name` of the object it is about. */
  readonly object: string;
  readonly uid?: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly firstAt?: string;
  readonly lastAt?: string;
}

export interface LogEvidence {
  readonly pod: string;
  readonly container: string;
  readonly run: "current" | "previous";
  /** The end of the log. */
  readonly text: string;
}

export interface ConfigEvidence {
  readonly name: string;
  readonly state: "found" | "missing" | "unread";
  readonly createdAt?: string;
  /** When its content last changed, by the record of its field managers; absent where they do not say. */
  readonly editedAt?: string;
  readonly editedBy?: string;
  readonly keys: readonly string[];
  /** What the change journal saw change in its content; redacted. */
  readonly changes?: readonly ObservedChange[];
  /** Names of the containers that read it; all of the pod where a volume is not mounted by name. */
  readonly readBy: readonly string[];
}

export interface NodeEvidence {
  readonly name: string;
  readonly state: "found" | "gone" | "unread";
  readonly conditions: readonly ObjectCondition[];
}

/** The most that one collection holds: an incident of a thousand pods must not become a status of a megabyte. */
export const bounds = {
  pods: 50,
  revisions: 10,
  events: 60,
  logs: 8,
  logLines: 100,
  logBytes: 16 * 1024,
  configs: 20,
  nodes: 10,
  messageLength: 1024,
  gaps: 20,
} as const;
