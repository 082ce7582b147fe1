// What the recordings call a root cause, and which of our findings says the same. The only place where both vocabularies meet.
import type { Finding } from "#diagnosis/finding.ts";
import type { Answer } from "#bench/diagnosis/cases.ts";

interface Said {
  readonly code: string;
  /** Where one code covers several of theirs: what the finding's detail has to say. */
  readonly detail?: Readonly<Record<string, string>>;
}

const say = (code: string, detail?: Said["detail"]): Said => ({ code, ...(detail === undefined ? {} : { detail }) });
const probeCodes: Readonly<Record<string, string>> = {
  port: "ProbeWrongPort",
  protocol: "ProbeWrongProtocol",
  path: "ProbeWrongPath",
  timing: "ProbeTooImpatient",
};

const probe = (kind: string, fault: string): Said[] => [say(probeCodes[fault] ?? "", { probe: kind })];
const quota = (resource: string): Said[] => [say("QuotaExceeded", { resource })];

/** Spellings that mean one cause are joined by a bar. */
const rootCauses: Readonly<Record<string, readonly Said[]>> = {
  missing_service_account: [say("ServiceAccountMissing")],
  namespace_cpu_quota_exceeded: quota("cpu"),
  namespace_memory_quota_exceeded: quota("memory"),
  namespace_pod_quota_exceeded: quota("pods"),
  namespace_service_quota_exceeded: quota("services"),
  namespace_storage_quota_exceeded: quota("storage"),
  containerd_unavailable: [say("ContainerRuntimeDown")],
  kubelet_unavailable: [say("KubeletDown")],
  kube_proxy_unavailable: [say("KubeProxyDown")],
  kube_scheduler_unavailable: [say("SchedulerDown")],
  node_network_delay: [say("NodeNetworkDelay")],
  node_network_packet_loss: [say("NodePacketLoss")],
  pod_cpu_overload: [say("CpuOverload")],
  pod_network_delay: [say("PodNetworkDelay")],
  "pod_network_packet_loss|pod_network_loss": [say("PodPacketLoss")],
  liveness_probe_incorrect_port: probe("liveness", "port"),
  liveness_probe_incorrect_protocol: probe("liveness", "protocol"),
  liveness_probe_incorrect_path: probe("liveness", "path"),
  liveness_probe_incorrect_timing: probe("liveness", "timing"),
  readiness_probe_incorrect_port: probe("readiness", "port"),
  readiness_probe_incorrect_protocol: probe("readiness", "protocol"),
  readiness_probe_incorrect_path: probe("readiness", "path"),
  readiness_probe_incorrect_timing: [...probe("readiness", "timing"), say("ProbeTooPatient")],
  startup_probe_incorrect_port: probe("startup", "port"),
  startup_probe_incorrect_protocol: probe("startup", "protocol"),
  startup_probe_incorrect_path: probe("startup", "path"),
  startup_probe_incorrect_timing: probe("startup", "timing"),
  oom_killed: [say("MemoryLimitTooSmall"), say("MemoryLimitBelowStart"), say("MemoryLeak")],
  cpu_capacity_mismatch: [say("CapacityInsufficient", { resource: "cpu" })],
  memory_capacity_mismatch: [say("CapacityInsufficient", { resource: "memory" })],
  node_affinity_mismatch: [say("NodeAffinityMatchesNothing")],
  node_selector_mismatch: [say("NodeSelectorMatchesNothing")],
  node_cordon_mismatch: [say("NodeCordoned")],
  taint_toleration_mismatch: [say("TaintNotTolerated")],
  pod_anti_affinity_conflict: [say("AntiAffinityConflict")],
  "pod_affinity_mismatch|pod_affinity_conflict": [say("PodAffinityMatchesNothing")],
  pv_binding_occupied: [say("VolumeOccupied")],
  pvc_access_mode_mismatch: [say("ClaimAccessModeMismatch")],
  pvc_selector_mismatch: [say("ClaimSelectorMatchesNothing")],
  pvc_storage_class_mismatch: [say("StorageClassMissing"), say("ClaimClassMismatch")],
  pvc_capacity_mismatch: [say("ClaimTooLarge")],
  service_env_var_address_mismatch: [say("EnvAddressWrong")],
  service_port_mapping_mismatch: [say("ServicePortWrong")],
  service_protocol_mismatch: [say("ServiceProtocolWrong")],
  service_selector_mismatch: [say("ServiceSelectorMatchesNothing")],
  image_registry_dns_failure: [say("RegistryUnresolvable")],
  incorrect_image_reference: [say("ImageReferenceWrong"), say("ImageUnpullable")],
  missing_image_pull_secret: [say("PullSecretMissing")],
  "db_connection_exhaustion|db_connections_exhausted": [say("DatabaseConnectionsExhausted")],
  "db_read_only|db_readonly_mode": [say("DatabaseReadOnly")],
  deployment_zero_replicas: [say("ReplicasZero")],
  "mysql_invalid_credentials|mysql_incorrect_credentials|incorrect_credentials": [say("DatabaseCredentialsRejected")],
  "mysql_invalid_port|mysql_incorrect_port": [say("DatabasePortWrong")],
  "mysql_invalid_host|mysql_invalid_address": [say("DatabaseHostWrong")],
  service_sidecar_port_conflict: [say("PortConflict")],
  "gateway_misroute|gateway_misrouted": [say("GatewayMisroutes")],
  service_dns_resolution_failure: [say("NameResolutionFails")],
  missing_secret_binding: [say("ReferenceMissing", { kind: "Secret" })],
};

const table = Object.entries(rootCauses).flatMap(([names, said]) => said.map((each) => ({ names: names.split("|"), ...each })));

/** The recordings' names for what a finding says; none: nothing of theirs. */
export const namesOf = (finding: Finding): readonly string[] =>
  table
    .filter(
      ({ code, detail }) => code === finding.code && Object.entries(detail ?? {}).every(([key, value]) => finding.detail?.[key] === value),
    )
    .flatMap(({ names }) => names);

const workloadKinds = new Set(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"]);

/** Theirs are applications, nodes and namespaces: a claim's application is the one that uses it, a quota's namespace its own. */
export const objectsOf = (finding: Finding): readonly string[] => {
  const { kind, namespace = "", name } = finding.object;
  const user = finding.explains?.find((each) => workloadKinds.has(each.kind));
  // For pods that wait for a node, their label is the application; ours is the node that accepts no pod.
  if (finding.code === "NodeCordoned" && user !== undefined) return [`app/${user.name}`];
  if (kind === "Node") return [`node/${name}`];
  if (kind === "Namespace") return [`namespace/${name}`];
  if (kind === "ResourceQuota" || kind === "LimitRange") return [`namespace/${namespace}`];
  if (workloadKinds.has(kind) || kind === "Service") return [`app/${name}`];
  return [user === undefined ? `${kind.toLowerCase()}/${name}` : `app/${user.name}`];
};

export const isRight = (finding: Finding, answer: Answer): boolean =>
  namesOf(finding).includes(answer.rootCause) && objectsOf(finding).includes(answer.object);

/** For tables of people: what we said in their words, or in ours where they have none. */
export const saidOf = (finding: Finding | undefined): string =>
  finding === undefined ? "(nothing)" : (namesOf(finding)[0] ?? `(${finding.code})`);

/** Spellings of one cause count as one. */
export const spelledOf = (rootCause: string): string => table.find(({ names }) => names.includes(rootCause))?.names[0] ?? rootCause;
