// Every cause there is. A new one is a file under causes/ and a line here.
import { referenceMissing } from "#diagnosis/causes/reference-missing.ts";
import { programFails } from "#diagnosis/causes/program-fails.ts";
import { entryPointMissing } from "#diagnosis/causes/entry-point-missing.ts";
import { storageClassMissing } from "#diagnosis/causes/storage-class-missing.ts";
import { ingressBroken } from "#diagnosis/causes/ingress-broken.ts";
import { autoscalerAtItsLimit, autoscalerWithoutMetrics } from "#diagnosis/causes/autoscalers.ts";
import { budgetBlocksDrain } from "#diagnosis/causes/budget-blocks-drain.ts";
import { jobFails } from "#diagnosis/causes/job-fails.ts";
import { rightsMissing } from "#diagnosis/causes/rights-missing.ts";
import { rolloutPaused } from "#diagnosis/causes/rollout-paused.ts";
import { deletionStuck } from "#diagnosis/causes/deletion-stuck.ts";
import { memoryLeak } from "#diagnosis/causes/memory-leak.ts";
import { supersededPodStuck } from "#diagnosis/causes/superseded-pod-stuck.ts";
import { updateStuck } from "#diagnosis/causes/update-stuck.ts";
import { nodeUnderPressure } from "#diagnosis/causes/node-under-pressure.ts";
import { fileSystemReadOnly, storageExceeded } from "#diagnosis/causes/storage-exceeded.ts";
import { volumeMountFails } from "#diagnosis/causes/volume-mount-fails.ts";
import { webhookWithoutServer } from "#diagnosis/causes/webhook-without-server.ts";
import { scheduleNotKept } from "#diagnosis/causes/schedule-not-kept.ts";
import { controllerReports } from "#diagnosis/causes/controller-reports.ts";
import { externalNameUnresolved } from "#diagnosis/causes/external-name-unresolved.ts";
import { startHookFails } from "#diagnosis/causes/hook-fails.ts";
import { networkPolicyDenies } from "#diagnosis/causes/network-policy-denies.ts";
import { podNetworkFails, runtimeClassMissing } from "#diagnosis/causes/sandbox-fails.ts";
import { podRefused } from "#diagnosis/causes/pod-refused.ts";
import { claimWithoutVolume } from "#diagnosis/causes/claim-without-volume.ts";
import { serviceAccountMissing } from "#diagnosis/causes/service-account-missing.ts";
import { quotaExceeded } from "#diagnosis/causes/quota-exceeded.ts";
import { registryUnresolvable } from "#diagnosis/causes/registry-unresolvable.ts";
import { pullSecretMissing } from "#diagnosis/causes/pull-secret-missing.ts";
import { probeTooPatient } from "#diagnosis/causes/probe-too-patient.ts";
import { probeWrong } from "#diagnosis/causes/probe-wrong.ts";
import { memoryLimitBelowStart } from "#diagnosis/causes/memory-limit-below-start.ts";
import { kubeProxyDown } from "#diagnosis/causes/kube-proxy-down.ts";
import { containerRuntimeDown, kubeletDown } from "#diagnosis/causes/node-program-down.ts";
import { servicePortWrong, serviceProtocolWrong, serviceSelectorMatchesNothing } from "#diagnosis/causes/service-misrouted.ts";
import { addressWrong } from "#diagnosis/causes/address-wrong.ts";
import { cpuOverload } from "#diagnosis/causes/cpu-overload.ts";
import { nodeNetworkBad } from "#diagnosis/causes/node-network-bad.ts";
import { databaseConnectionsExhausted, databaseReadOnly } from "#diagnosis/causes/database-refuses.ts";
import { databaseCredentialsRejected } from "#diagnosis/causes/database-credentials-rejected.ts";
import { databaseAddressWrong } from "#diagnosis/causes/database-address-wrong.ts";
import { calledServiceMissing } from "#diagnosis/causes/called-service-missing.ts";
import { nameResolutionFails } from "#diagnosis/causes/name-resolution-fails.ts";
import { portConflict } from "#diagnosis/causes/port-conflict.ts";
import { replicasZero } from "#diagnosis/causes/replicas-zero.ts";
import { podNetworkBad } from "#diagnosis/causes/pod-network-bad.ts";
import { gatewayMisroutes } from "#diagnosis/causes/gateway-misroutes.ts";
import { certificateExpired } from "#diagnosis/causes/certificate-expired.ts";
import { clusterDnsDown } from "#diagnosis/causes/cluster-dns-down.ts";
import { containerRefused, memoryUnitWrong, podRejected, readinessGateUnset } from "#diagnosis/causes/kubelet-refusals.ts";
import { hostPortsTaken, oldPodDoesNotEnd, topologyKeyMissing, volumeHeldByOldPod } from "#diagnosis/causes/blocked-rollouts.ts";
import { healthServiceMissing, listensOnLoopback, probeTimesOut } from "#diagnosis/causes/probe-behaviour.ts";
import {
  autoscalersConflict,
  externalNameIsAddress,
  governingServiceMissing,
  serviceLinkVariable,
  serviceSelectsOthers,
} from "#diagnosis/causes/services-and-names.ts";
import { heapLimitReached, limitFromLimitRange, tmpfsCountsAsMemory } from "#diagnosis/causes/memory-accounting.ts";
import {
  initBeforeSidecar,
  jobKeptRunning,
  mountHidesProgram,
  volumeOwnedByOther,
  volumeReleased,
} from "#diagnosis/causes/volumes-and-jobs.ts";
import { reportsErrors } from "#diagnosis/causes/reports-errors.ts";
import { dependencyDown } from "#diagnosis/causes/dependency-down.ts";
import { networkPolicyIsolates } from "#diagnosis/causes/network-policy-isolates.ts";
import {
  antiAffinityConflict,
  nodeAffinityMatchesNothing,
  nodeCordoned,
  nodeSelectorMatchesNothing,
  taintNotTolerated,
} from "#diagnosis/causes/unscheduled-pods.ts";
import { capacityInsufficient } from "#diagnosis/causes/capacity-insufficient.ts";
import { schedulerDown } from "#diagnosis/causes/scheduler-down.ts";
import { configEdited } from "#diagnosis/causes/config-edited.ts";
import { imageUnpullable } from "#diagnosis/causes/image-unpullable.ts";
import { memoryLimitTooSmall } from "#diagnosis/causes/memory-limit-too-small.ts";
import { releaseCrashes } from "#diagnosis/causes/release-crashes.ts";
import type { Cause } from "#diagnosis/cause.ts";

export const causes: readonly Cause[] = [
  releaseCrashes,
  configEdited,
  imageUnpullable,
  memoryLimitTooSmall,
  referenceMissing,
  programFails,
  entryPointMissing,
  storageClassMissing,
  ingressBroken,
  autoscalerAtItsLimit,
  autoscalerWithoutMetrics,
  budgetBlocksDrain,
  jobFails,
  rightsMissing,
  rolloutPaused,
  deletionStuck,
  memoryLeak,
  updateStuck,
  supersededPodStuck,
  nodeUnderPressure,
  storageExceeded,
  fileSystemReadOnly,
  volumeMountFails,
  webhookWithoutServer,
  scheduleNotKept,
  ...podRefused,
  nodeSelectorMatchesNothing,
  nodeAffinityMatchesNothing,
  nodeCordoned,
  taintNotTolerated,
  antiAffinityConflict,
  capacityInsufficient,
  schedulerDown,
  ...claimWithoutVolume,
  serviceAccountMissing,
  quotaExceeded,
  registryUnresolvable,
  pullSecretMissing,
  ...probeWrong,
  probeTooPatient,
  memoryLimitBelowStart,
  kubeletDown,
  containerRuntimeDown,
  kubeProxyDown,
  serviceSelectorMatchesNothing,
  servicePortWrong,
  serviceProtocolWrong,
  addressWrong,
  cpuOverload,
  ...nodeNetworkBad,
  databaseConnectionsExhausted,
  databaseReadOnly,
  databaseCredentialsRejected,
  ...databaseAddressWrong,
  nameResolutionFails,
  calledServiceMissing,
  portConflict,
  replicasZero,
  ...podNetworkBad,
  gatewayMisroutes,
  networkPolicyIsolates,
  certificateExpired,
  clusterDnsDown,
  dependencyDown,
  containerRefused,
  memoryUnitWrong,
  podRejected,
  readinessGateUnset,
  hostPortsTaken,
  volumeHeldByOldPod,
  oldPodDoesNotEnd,
  topologyKeyMissing,
  externalNameIsAddress,
  serviceSelectsOthers,
  governingServiceMissing,
  autoscalersConflict,
  serviceLinkVariable,
  probeTimesOut,
  listensOnLoopback,
  healthServiceMissing,
  limitFromLimitRange,
  tmpfsCountsAsMemory,
  heapLimitReached,
  volumeReleased,
  mountHidesProgram,
  volumeOwnedByOther,
  jobKeptRunning,
  initBeforeSidecar,
  runtimeClassMissing,
  podNetworkFails,
  startHookFails,
  externalNameUnresolved,
  networkPolicyDenies,
  controllerReports,
  reportsErrors,
];
