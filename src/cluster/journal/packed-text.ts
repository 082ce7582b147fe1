// Text made small: raw deflate against a text that it resembles, kept as a one-byte string, which costs less memory than a buffer. Pure.
import { deflateRawSync, inflateRawSync } from "node:zlib";

/** Bytes as a string of characters 0 to 255. */
export type Packed = string;

/** What deflate looks back at. */
const windowBytes = 32 * 1024;
const maxTextBytes = 16 * 1024 * 1024;

/** `like`: a text that shares much with this one; unpacking needs the same text. */
export const pack = (text: string, like: string): Packed => {
  const dictionary = dictionaryOf(like);
  const options = {
    level: 6,
    memLevel: 6,
    windowBits: windowBitsFor(dictionary.byteLength + text.length),
    ...(dictionary.byteLength === 0 ? {} : { dictionary }),
  };
  return deflateRawSync(text, options).toString("latin1");
};

/** Throws where it was not packed so. */
export const unpack = (packed: Packed, like: string): string => {
  const dictionary = dictionaryOf(like);
  const options = { maxOutputLength: maxTextBytes, ...(dictionary.byteLength === 0 ? {} : { dictionary }) };
  return inflateRawSync(Buffer.from(packed, "latin1"), options).toString("utf8");
};

/** Most of the time goes into making a window ready: no larger than what it is to show. */
const windowBitsFor = (length: number): number => Math.min(15, Math.max(10, Math.ceil(Math.log2(length + 1)) + 1));

const dictionaryOf = (like: string): Buffer => {
  const bytes = Buffer.from(like, "utf8");
  return bytes.byteLength <= windowBytes ? bytes : bytes.subarray(bytes.byteLength - windowBytes);
};

/**
 * Words of Kubernetes objects, the commonest last, where they cost least to point at. Never change it: what was saved with it could not be
 * read any more.
 */
export const commonWords = [
  '{"metadata":{"labels":{"app.kubernetes.io/component":"","app.kubernetes.io/managed-by":"Helm","app.kubernetes.io/part-of":"","app.kubernetes.io/version":""},',
  '"annotations":{"meta.helm.sh/release-name":"","meta.helm.sh/release-namespace":"","argocd.argoproj.io/tracking-id":"","prometheus.io/scrape":"true","checksum/config":""},',
  '"ownerReferences":[{"apiVersion":"apps/v1","kind":"","name":"","uid":"","controller":true,"blockOwnerDeletion":true}],"finalizers":["service.kubernetes.io/load-balancer-cleanup"]},',
  '"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":""},"subjects":[{"kind":"ServiceAccount","name":"","namespace":""}]}',
  '"rules":[{"verbs":["get","list","watch","create","update","patch","delete"],"apiGroups":["","apps","batch"],"resources":["pods","configmaps","secrets","services"]}]}',
  '"spec":{"podSelector":{"matchLabels":{}},"policyTypes":["Ingress","Egress"],"ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":""}}}]}]}}',
  '"spec":{"scaleTargetRef":{"kind":"Deployment","name":"","apiVersion":"apps/v1"},"minReplicas":1,"maxReplicas":10,"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}}]}}',
  '"spec":{"hard":{"limits.cpu":"","limits.memory":"","requests.cpu":"","requests.memory":"","pods":"","services":""}},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app.kubernetes.io/name":""}}}}',
  '"status":{"conditions":[{"type":"MemoryPressure","status":"False","reason":"KubeletHasSufficientMemory"},{"type":"DiskPressure","status":"False","reason":"KubeletHasNoDiskPressure"},{"type":"PIDPressure","status":"False","reason":"KubeletHasSufficientPID"},{"type":"Ready","status":"True","reason":"KubeletReady"}],"allocatable":{"cpu":"","ephemeral-storage":"","hugepages-1Gi":"0","hugepages-2Mi":"0","memory":"Ki","pods":"110"}}}',
  '"spec":{"ports":[{"name":"http","protocol":"TCP","port":80,"targetPort":8080}],"selector":{"app":""},"clusterIP":"10.","clusterIPs":["10."],"type":"ClusterIP","sessionAffinity":"None","ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack","internalTrafficPolicy":"Cluster"}}',
  '"initContainers":[{"name":"init","command":["sh","-c"]}],"tolerations":[{"key":"node-role.kubernetes.io/control-plane","operator":"Exists","effect":"NoSchedule"}],"nodeSelector":{"kubernetes.io/os":"linux"},"affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":100,"podAffinityTerm":{"labelSelector":{"matchLabels":{}},"topologyKey":"kubernetes.io/hostname"}}]}},',
  '{"metadata":{"labels":{"app":"","app.kubernetes.io/name":"","app.kubernetes.io/instance":""}},"spec":{"replicas":1,"selector":{"matchLabels":{"app":""}},"template":{"metadata":{"labels":{"app":""},"annotations":{"kubectl.kubernetes.io/restartedAt":""}},"spec":{"volumes":[{"name":"config","configMap":{"name":"","defaultMode":420}},{"name":"data","emptyDir":{}},{"name":"","secret":{"secretName":"","defaultMode":420}}],',
  '"containers":[{"name":"","image":"","command":["/bin/sh"],"args":[""],"ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],"envFrom":[{"configMapRef":{"name":""}}],"env":[{"name":"","value":""},{"name":"","valueFrom":{"secretKeyRef":{"name":"","key":"password"}}},{"name":"POD_NAME","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"}}}],"resources":{"limits":{"cpu":"500m","memory":"256Mi"},"requests":{"cpu":"100m","memory":"128Mi"}},',
  '"volumeMounts":[{"name":"config","readOnly":true,"mountPath":"/etc/"}],"livenessProbe":{"httpGet":{"path":"/healthz","port":8080,"scheme":"HTTP"},"initialDelaySeconds":10,"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},"readinessProbe":{"httpGet":{"path":"/ready","port":"http","scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},',
  '"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent","securityContext":{"runAsNonRoot":true,"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true,"capabilities":{"drop":["ALL"]}}}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default","serviceAccount":"default","securityContext":{},"schedulerName":"default-scheduler"}},',
  '"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%","maxSurge":"25%"}},"revisionHistoryLimit":10,"progressDeadlineSeconds":600}}',
  '{"metadata":{"labels":{"app":""}},"data":{"":""}}',
].join("\n");
