// Faults of names, routes, storage and other objects than programs, as public reports describe them. Data, written before any rule for it.
import type { KubeObject } from "#api/object.ts";
import { objects, podsOf, warning } from "#test/evidence-sketch.ts";
import { failingWorkload, type FurtherFault, healthy, podIn, service, unscheduledPod, waitingPod } from "#test/further-faults/sketch.ts";

const since = "2027-03-01T13:40:00Z";
const web = healthy("web");

const hpa = (spec: string, conditions: string) =>
  objects(`
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: ${spec}
status: {currentReplicas: 1, desiredReplicas: 1, conditions: ${conditions}}
`);
const target = "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}";
const cpu = "metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]";

const claim = (more: string, phase = "Pending") =>
  objects(`
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, ${more}}
status: {phase: ${phase}}
`);
const mounting = { pod: { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] } };
const mountAt = { volumeMounts: [{ name: "data", mountPath: "/data" }] };
const creating = waitingPod("web", "ContainerCreating", "");

const waitingForClaim = failingWorkload(
  "web",
  unscheduledPod(
    "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
  ),
  mountAt,
  mounting,
);
const creatingWithClaim = failingWorkload("web", creating, mountAt, mounting);
const [missingClass] = claim("storageClassName: fast");
const [boundClaim] = claim("storageClassName: standard, volumeName: pv-1", "Bound");
const standard = objects("{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: standard}, provisioner: csi.example.test}");
const [hpaWithoutRequests] = hpa(
  `{${target}, minReplicas: 1, maxReplicas: 5, ${cpu}}`,
  `[{type: AbleToScale, status: "True", reason: SucceededGetScale}, {type: ScalingActive, status: "False", reason: FailedGetResourceMetric, lastTransitionTime: "${since}", message: "the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu in container web of Pod web-7d9c5b8f6-bx2z4"}]`,
);
const [hpaWithoutTarget] = hpa(
  `{scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: webb}, minReplicas: 1, maxReplicas: 5, ${cpu}}`,
  `[{type: AbleToScale, status: "False", reason: FailedGetScale, lastTransitionTime: "${since}", message: "the HPA controller was unable to get the target's current scale: deployments.apps \\"webb\\" not found"}]`,
);
const [zonedCronJob] = objects(`
apiVersion: batch/v1
kind: CronJob
metadata: {name: report}
spec: {schedule: "*/5 * * * *", timeZone: Europe/Berln, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: report, image: "example.test/app:1"}]}}}}}
status: {}
`);
const [ingressOfNothing] = objects(`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec: {ingressClassName: nginx, rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: webapp, port: {number: 80}}}}]}}]}
status: {loadBalancer: {}}
`);
const [ingressOfPort] = objects(`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec: {ingressClassName: nginx, rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}]}}]}
status: {loadBalancer: {}}
`);
const [ingressOfSecret] = objects(`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec: {ingressClassName: nginx, tls: [{hosts: [shop.example], secretName: shop-tls}], rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
status: {loadBalancer: {}}
`);
const nginxClass = objects(
  "{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: nginx}, spec: {controller: k8s.io/ingress-nginx}}",
);
const [certificate] = objects(`
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop-tls}
spec: {secretName: shop-tls, issuerRef: {name: letsencrypt, kind: ClusterIssuer}, dnsNames: [shop.example]}
status: {conditions: [{type: Ready, status: "False", reason: DoesNotExist, lastTransitionTime: "${since}", message: "Issuing certificate as Secret does not exist"}, {type: Issuing, status: "True", reason: DoesNotExist, lastTransitionTime: "${since}", message: "Issuing certificate as Secret does not exist"}]}
`);
const [kafka] = objects(`
apiVersion: kafka.strimzi.io/v1beta2
kind: Kafka
metadata: {name: events, generation: 3}
spec: {kafka: {version: 9.9.9}}
status: {observedGeneration: 3, conditions: [{type: NotReady, status: "True", reason: UnsupportedKafkaVersionException, lastTransitionTime: "${since}", message: "Unsupported Kafka.spec.kafka.version: 9.9.9. Supported versions are: [3.9.0, 4.0.0]"}]}
`);
const [apiService] = objects(`
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec: {group: metrics.k8s.io, version: v1beta1, service: {name: metrics-server, namespace: kube-system}, groupPriorityMinimum: 100, versionPriority: 100}
status: {conditions: [{type: Available, status: "False", reason: MissingEndpoints, lastTransitionTime: "${since}", message: "endpoints for service/metrics-server in \\"kube-system\\" have no addresses with port name \\"https\\""}]}
`);
const [endingNamespace] = objects(`
apiVersion: v1
kind: Namespace
metadata: {name: shop, deletionTimestamp: "2027-03-01T13:00:00Z", finalizers: []}
spec: {finalizers: [kubernetes]}
status: {phase: Terminating, conditions: [{type: NamespaceFinalizersRemaining, status: "True", reason: SomeFinalizersRemain, lastTransitionTime: "${since}", message: "Some content in the namespace has finalizers remaining: databases.example.test in 1 resource instances"}, {type: NamespaceContentRemaining, status: "True", reason: SomeResourcesRemain, lastTransitionTime: "${since}", message: "Some resources are remaining: databases.example.test has 1 resource instances"}]}
`);
const selectsNothing = objects(`
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web, tier: front}, clusterIP: 10.2.0.10, ports: [{port: 80, targetPort: 8080}]}
`);
const [released] = objects(`
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv-1}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], storageClassName: standard, persistentVolumeReclaimPolicy: Retain, claimRef: {kind: PersistentVolumeClaim, namespace: shop, name: data, uid: old-uid}, csi: {driver: csi.example.test, volumeHandle: v1}}
status: {phase: Released}
`);
const [claimOfReleased] = claim("storageClassName: standard, volumeName: pv-1");
const bothPods = failingWorkload("web", creating, mountAt, mounting);
const [denying] = objects(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny}
spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: api}}}]}]}
`);
const caller = failingWorkload(
  "web",
  {
    status: {
      conditions: [
        { type: "PodScheduled", status: "True" },
        { type: "Ready", status: "False", lastTransitionTime: since },
      ],
      containerStatuses: [
        { name: "web", image: "example.test/app:1", ready: false, restartCount: 0, state: { running: { startedAt: since } } },
      ],
    },
  },
  { env: [{ name: "DB_HOST", value: "db" }] },
);
const db = healthy("db");
const external = objects(
  "{apiVersion: v1, kind: Service, metadata: {name: mail}, spec: {type: ExternalName, externalName: smtp.exmaple.test}}",
);
const paused = ((): FurtherFault["evidence"] => {
  const [workload, ...rest] = healthy("web", { image: "example.test/app:2" }, { spec: { paused: true } });
  const status = {
    ...{ observedGeneration: 2, replicas: 1, updatedReplicas: 0, readyReplicas: 1, availableReplicas: 1 },
    conditions: [
      { type: "Available", status: "True", reason: "MinimumReplicasAvailable" },
      { type: "Progressing", status: "Unknown", reason: "DeploymentPaused", message: "Deployment is paused", lastTransitionTime: since },
    ],
  };
  return { objects: [{ ...workload!, metadata: { ...workload!.metadata, generation: 2 }, status } as typeof workload & object, ...rest] };
})();

export const namesAndRoutes: Readonly<Record<string, FurtherFault>> = {
  "an autoscaler whose target requests no CPU": {
    evidence: {
      objects: [...web, hpaWithoutRequests!],
      events: [
        warning(
          hpaWithoutRequests!,
          "FailedGetResourceMetric",
          "failed to get cpu utilization: missing request for cpu in container web of Pod web-7d9c5b8f6-bx2z4",
        ),
      ],
    },
    objects: ["HorizontalPodAutoscaler web", "Deployment web"],
    says: "request",
  },
  "an autoscaler of a Deployment that does not exist": {
    evidence: {
      objects: [...web, hpaWithoutTarget!],
      events: [warning(hpaWithoutTarget!, "FailedGetScale", 'deployments.apps "webb" not found')],
    },
    objects: ["HorizontalPodAutoscaler web"],
    says: "webb",
  },
  "a schedule in a time zone that does not exist": {
    evidence: {
      objects: [zonedCronJob!],
      events: [warning(zonedCronJob!, "UnknownTimeZone", 'invalid timeZone: "Europe/Berln": unknown time zone Europe/Berln')],
    },
    objects: ["CronJob report"],
    says: "Europe/Berln",
  },
  "an Ingress that leads to a Service that does not exist": {
    evidence: { objects: [...web, ...nginxClass, ingressOfNothing!] },
    objects: ["Ingress shop"],
    says: "webapp",
  },
  "an Ingress that names a port its Service does not have": {
    evidence: { objects: [...web, ...nginxClass, ingressOfPort!] },
    objects: ["Ingress shop"],
    says: "http",
  },
  "an Ingress whose certificate is in no Secret": {
    evidence: { objects: [...web, ...nginxClass, ingressOfSecret!] },
    objects: ["Ingress shop"],
    says: "shop-tls",
  },
  "a certificate whose issuer does not exist": {
    evidence: {
      objects: [certificate!],
      events: [
        warning(
          certificate!,
          "IssuerNotFound",
          'Referenced "ClusterIssuer" not found: clusterissuer.cert-manager.io "letsencrypt" not found',
        ),
      ],
    },
    objects: ["Certificate shop-tls"],
    says: "letsencrypt",
  },
  "a custom resource that its operator refuses": {
    evidence: { objects: [kafka!] },
    objects: ["Kafka events"],
    says: "9.9.9",
  },
  "an aggregated API without endpoints": {
    evidence: { objects: [...web, apiService!] },
    objects: ["APIService v1beta1.metrics.k8s.io", "Service metrics-server"],
    says: "metrics-server",
  },
  "a namespace that cannot end because of a finalizer": {
    evidence: { objects: [endingNamespace!] },
    objects: ["Namespace shop"],
    says: "databases.example.test",
  },
  "a Service whose selector matches no pod": {
    evidence: { objects: [...web.filter(({ kind }) => kind !== "Service"), ...selectsNothing] },
    objects: ["Service web"],
    says: "tier",
  },
  "a claim whose class does not exist": {
    evidence: {
      objects: [...waitingForClaim, ...standard, missingClass!],
      events: [
        warning(missingClass!, "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found'),
        warning(podIn(waitingForClaim), "FailedScheduling", "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims."),
      ],
    },
    objects: ["PersistentVolumeClaim data"],
    says: "fast",
  },
  "a volume that is released and not available": {
    evidence: {
      objects: [...waitingForClaim, ...standard, claimOfReleased!, released!],
      events: [warning(claimOfReleased!, "FailedBinding", 'volume "pv-1" already bound to a different claim.')],
    },
    objects: ["PersistentVolumeClaim data", "PersistentVolume pv-1"],
    says: "pv-1",
  },
  "a volume that is attached to another node": {
    evidence: {
      objects: [...bothPods, ...standard, boundClaim!],
      events: [
        warning(
          podIn(bothPods),
          "FailedAttachVolume",
          'Multi-Attach error for volume "pv-1" Volume is already exclusively attached to one node and can\'t be attached to another',
        ),
      ],
    },
    objects: ["Deployment web", "PersistentVolumeClaim data", "PersistentVolume pv-1"],
    says: "attached",
  },
  "a file server that does not answer": {
    evidence: {
      objects: [...creatingWithClaim, ...standard, boundClaim!],
      events: [
        warning(
          podIn(creatingWithClaim),
          "FailedMount",
          'MountVolume.SetUp failed for volume "pv-1" : mount failed: exit status 32\nMounting command: mount\nMounting arguments: -t nfs nfs.example.test:/export /var/lib/kubelet/pods/1/volumes/kubernetes.io~nfs/pv-1\nOutput: mount.nfs: Connection timed out',
        ),
      ],
    },
    objects: ["Deployment web", "PersistentVolume pv-1", "PersistentVolumeClaim data"],
    says: "nfs.example.test",
  },
  "a policy that lets another caller in": {
    evidence: {
      objects: [...caller, ...db, denying!],
      logs: [
        {
          ...{ namespace: "shop", pod: "web-7d9c5b8f6-bx2z4", container: "web", run: "current" },
          text: Array.from(
            { length: 20 },
            (_, at) => `2027-03-01T13:58:${10 + at}Z ERROR dial tcp 10.2.0.10:5432: i/o timeout (db:5432)`,
          ).join("\n"),
        },
      ],
    },
    objects: ["NetworkPolicy default-deny"],
    says: "default-deny",
  },
  "an external name that does not resolve": {
    evidence: {
      objects: [...healthy("web", { env: [{ name: "SMTP_HOST", value: "mail" }] }), ...external],
      logs: [
        {
          ...{ namespace: "shop", pod: "web-7d9c5b8f6-bx2z4", container: "web", run: "current" },
          text: Array.from(
            { length: 20 },
            (_, at) => `2027-03-01T13:58:${10 + at}Z ERROR send failed: lookup mail on 10.96.0.10:53: no such host`,
          ).join("\n"),
        },
      ],
    },
    objects: ["Service mail"],
    says: "smtp.exmaple.test",
  },
  "a Deployment that is paused with a new template": {
    evidence: paused,
    objects: ["Deployment web"],
    says: "paused",
  },
  "an autoscaler at its limit": {
    evidence: {
      objects: [
        ...web,
        ...hpa(
          `{${target}, minReplicas: 1, maxReplicas: 1, ${cpu}}`,
          `[{type: AbleToScale, status: "True", reason: ReadyForNewScale}, {type: ScalingActive, status: "True", reason: ValidMetricFound}, {type: ScalingLimited, status: "True", reason: TooManyReplicas, lastTransitionTime: "${since}", message: "the desired replica count is more than the maximum replica count"}]`,
        ),
      ],
    },
    objects: ["HorizontalPodAutoscaler web"],
    says: "maximum",
  },
  "a StatefulSet whose first pod keeps a broken revision": {
    evidence: {
      objects: ((): readonly KubeObject[] => {
        const [set] = objects(`
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: queue, generation: 3}
spec: {replicas: 1, serviceName: queue, selector: {matchLabels: {app: queue}}, template: {metadata: {labels: {app: queue}}, spec: {containers: [{name: queue, image: "example.test/queue:2"}]}}}
status: {observedGeneration: 3, replicas: 1, updatedReplicas: 0, readyReplicas: 0, currentRevision: queue-1, updateRevision: queue-3}
`);
        return [
          set!,
          ...service("queue", "{selector: {app: queue}, clusterIP: None, ports: [{port: 5672}]}"),
          ...["typo", "typo", "2"].map(
            (tag, at) =>
              objects(
                `{apiVersion: apps/v1, kind: ControllerRevision, metadata: {name: queue-${at + 1}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: queue, uid: ${set!.metadata.uid}, controller: true}]}, revision: ${at + 1}, data: {spec: {template: {metadata: {labels: {app: queue}}, spec: {containers: [{name: queue, image: "example.test/queue:${tag}"}]}}}}}`,
              )[0]!,
          ),
          ...podsOf(set!, {
            ...waitingPod("queue", "ImagePullBackOff", 'Back-off pulling image "example.test/queue:typo"'),
            labels: { app: "queue", "controller-revision-hash": "queue-2" },
            spec: { containers: [{ name: "queue", image: "example.test/queue:typo" }] },
          }),
        ];
      })(),
    },
    objects: ["StatefulSet queue", "Pod queue-0"],
    says: "queue-0",
  },
};
