// Twenty faults as people make them, each in a namespace of its own.
import type { Fault } from "#scenarios/faults/fault.ts";
import { object, ready, service, together as all, workload } from "#scenarios/faults/manifest-sketch.ts";

export const everydayFaults = [
  {
    name: "checkout",
    before: workload("checkout", { replicas: 2, container: ready("http") }),
    after: workload("checkout", {
      replicas: 2,
      run: 'echo "checkout 2.4.0"; echo "PAYMENT_URL: not set" >&2; exit 1',
      container: ready("http"),
    }),
    cause: { codes: ["ReleaseCrashes"], kind: "Deployment", name: "checkout" },
  },
  {
    name: "thumbnails",
    before: workload("thumbnails", {
      run: 'echo "thumbnails 1.2.0: loading table"; x=$(head -c 48m /dev/zero | tr "\\000" x); echo ${#x} bytes loaded; sleep 3600',
      container: { resources: { limits: { memory: "24Mi" } } },
    }),
    cause: { codes: ["MemoryLimitTooSmall"], kind: "Deployment", name: "thumbnails" },
  },
  {
    name: "quotes",
    before: workload("quotes", { replicas: 2 }),
    after: workload("quotes", { replicas: 2, image: "testbed.local/busybox:1.4.7" }),
    cause: { codes: ["ImageUnpullable"], kind: "Deployment", name: "quotes" },
  },
  {
    name: "pricing",
    before: workload("pricing", { container: { envFrom: [{ configMapRef: { name: "pricing-settings" } }] } }),
    cause: { codes: ["ReferenceMissing"], kind: "Deployment", name: "pricing" },
  },
  {
    name: "ledger",
    before: all(
      object("v1", "ConfigMap", "ledger", { data: { log_level: "info", currency: "EUR" } }),
      workload("ledger", { container: { env: [{ name: "LEVEL", valueFrom: { configMapKeyRef: { name: "ledger", key: "loglevel" } } }] } }),
    ),
    cause: { codes: ["ReferenceMissing"], kind: "Deployment", name: "ledger" },
  },
  {
    name: "catalog",
    before: workload("catalog", { container: ready(8081) }),
    cause: { codes: ["ProbeWrongPort"], kind: "Deployment", name: "catalog" },
  },
  {
    name: "session",
    before: workload("session", {
      container: { livenessProbe: { httpGet: { path: "/health", port: 9090 }, periodSeconds: 2, failureThreshold: 2 } },
    }),
    cause: { codes: ["ProbeWrongPort"], kind: "Deployment", name: "session" },
  },
  {
    name: "search",
    before: all(
      workload("search", { container: ready("http") }),
      service("search", { selector: { app: "searchd" }, ports: [{ port: 80, targetPort: 8080 }] }),
    ),
    cause: { codes: ["ServiceSelectorMatchesNothing"], kind: "Service", name: "search" },
  },
  {
    name: "basket",
    before: all(
      workload("basket", { container: ready("http") }),
      service("basket", { selector: { app: "basket" }, ports: [{ port: 80, targetPort: "web" }] }),
    ),
    cause: { codes: ["ServicePortWrong"], kind: "Service", name: "basket" },
  },
  {
    name: "imports",
    before: all(object("v1", "ResourceQuota", "team", { spec: { hard: { pods: "1" } } }), workload("imports", { replicas: 3 })),
    cause: { codes: ["QuotaExceeded"], kind: "ResourceQuota", name: "team" },
  },
  {
    name: "training",
    before: workload("training", { pod: { nodeSelector: { "example.test/accelerator": "a100" } } }),
    cause: { codes: ["NodeSelectorMatchesNothing"], kind: "Deployment", name: "training" },
  },
  {
    name: "batch",
    before: workload("batch", { container: { resources: { requests: { cpu: "600" } } } }),
    cause: { codes: ["CapacityInsufficient"], kind: "Deployment", name: "batch" },
  },
  {
    name: "archive",
    before: all(
      object("v1", "PersistentVolumeClaim", "archive", {
        spec: { storageClassName: "fast-ssd", accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      }),
      workload("archive", { pod: { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "archive" } }] } }),
    ),
    cause: { codes: ["StorageClassMissing"], kind: "PersistentVolumeClaim", name: "archive" },
  },
  {
    name: "nightly",
    before: object("batch/v1", "Job", "reindex", {
      spec: {
        backoffLimit: 1,
        template: {
          spec: {
            restartPolicy: "Never",
            containers: [
              {
                name: "reindex",
                image: "testbed.local/busybox:1",
                command: ["sh", "-c", 'echo "index segments: expected 12, got 11" >&2; exit 3'],
              },
            ],
          },
        },
      },
    }),
    cause: { codes: ["JobFails"], kind: "Job", name: "reindex" },
  },
  {
    name: "mailer",
    before: workload("mailer", { pod: { serviceAccountName: "mail-sender" } }),
    cause: { codes: ["ServiceAccountMissing"], kind: "Deployment", name: "mailer" },
  },
  {
    name: "inventory",
    before: all(
      service("inventory", { clusterIP: "None", selector: { app: "inventory" }, ports: [{ port: 8080 }] }),
      workload("inventory", { kind: "StatefulSet", replicas: 2, container: ready("http") }),
    ),
    after: workload("inventory", {
      kind: "StatefulSet",
      replicas: 2,
      run: 'echo "inventory 3.0.0"; echo "schema version 41 is older than 42" >&2; exit 1',
      container: ready("http"),
    }),
    cause: { codes: ["UpdateStuck"], kind: "StatefulSet", name: "inventory" },
  },
  {
    name: "storefront",
    before: all(
      object("networking.k8s.io/v1", "IngressClass", "plain", { spec: { controller: "example.test/plain" } }),
      workload("storefront", { container: ready("http") }),
      service("storefront", { selector: { app: "storefront" }, ports: [{ port: 80, targetPort: "http" }] }),
      object("networking.k8s.io/v1", "Ingress", "storefront", {
        spec: {
          ingressClassName: "plain",
          rules: [
            { http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "store-front", port: { number: 80 } } } }] } },
          ],
        },
      }),
    ),
    cause: { codes: ["IngressBroken"], kind: "Ingress", name: "storefront" },
  },
  {
    name: "vault",
    labels: { "pod-security.kubernetes.io/enforce": "baseline" },
    before: JSON.stringify({
      ...(JSON.parse(workload("vault", { pod: { securityContext: {} }, container: { securityContext: { privileged: true } } })) as object),
    }),
    cause: { codes: ["PodSecurityRefuses"], kind: "Deployment", name: "vault" },
  },
  {
    name: "geocoder",
    before: workload("geocoder", { container: { command: ["/usr/local/bin/geocoderd"] } }),
    cause: { codes: ["EntryPointMissing"], kind: "Deployment", name: "geocoder" },
  },
  {
    name: "replica",
    before: workload("replica", {
      replicas: 3,
      pod: {
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { labelSelector: { matchLabels: { app: "replica" } }, topologyKey: "kubernetes.io/hostname" },
            ],
          },
        },
      },
    }),
    cause: { codes: ["AntiAffinityConflict"], kind: "Deployment", name: "replica" },
  },
] as const satisfies readonly Fault[];
