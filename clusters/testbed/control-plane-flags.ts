// The command lines of etcd, kube-apiserver, kube-controller-manager and kube-scheduler: pure. The full testbed and the lone
// control plane differ only in what they pass in here.
import { join } from "node:path";

export interface EtcdPlace {
  readonly dataFolder: string;
  readonly clientPort: number;
  readonly peerPort: number;
}

export const etcdFlags = ({ dataFolder, clientPort, peerPort }: EtcdPlace): string[] => {
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    "--name=testbed",
    `--data-dir=${dataFolder}`,
    `--listen-client-urls=http://127.0.0.1:${clientPort}`,
    `--advertise-client-urls=http://127.0.0.1:${clientPort}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=testbed=${peer}`,
    // Nothing here outlives the machine: an fsync would only cost time.
    "--unsafe-no-fsync",
    "--log-level=warn",
  ];
};

export interface ApiServerPlace {
  readonly etcdPort: number;
  readonly port: number;
  readonly pkiFolder: string;
  readonly bindAddress: string;
  readonly advertiseAddress: string;
  readonly serviceCidr: string;
  readonly auditPolicyPath: string;
  readonly auditLogPath: string;
  readonly extra: readonly string[];
}

export const apiServerFlags = (place: ApiServerPlace): string[] => {
  const pki = (file: string): string => join(place.pkiFolder, file);
  return [
    `--etcd-servers=http://127.0.0.1:${place.etcdPort}`,
    `--bind-address=${place.bindAddress}`,
    `--secure-port=${place.port}`,
    `--advertise-address=${place.advertiseAddress}`,
    `--tls-cert-file=${pki("apiserver.crt")}`,
    `--tls-private-key-file=${pki("apiserver.key")}`,
    `--client-ca-file=${pki("ca.crt")}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--allow-privileged=true",
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${pki("service-account.pub")}`,
    `--service-account-signing-key-file=${pki("service-account.key")}`,
    `--service-cluster-ip-range=${place.serviceCidr}`,
    `--kubelet-client-certificate=${pki("apiserver-kubelet.crt")}`,
    `--kubelet-client-key=${pki("apiserver-kubelet.key")}`,
    "--kubelet-preferred-address-types=InternalIP",
    "--enable-aggregator-routing=true",
    `--requestheader-client-ca-file=${pki("front-proxy-ca.crt")}`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    `--proxy-client-cert-file=${pki("front-proxy.crt")}`,
    `--proxy-client-key-file=${pki("front-proxy.key")}`,
    `--audit-policy-file=${place.auditPolicyPath}`,
    `--audit-log-path=${place.auditLogPath}`,
    // blocking: an event is in the file when the request is over; batch would lose the last ones at a kill.
    "--audit-log-mode=blocking",
    "--audit-log-maxage=0",
    "--audit-log-maxsize=4096",
    ...place.extra,
  ];
};

export interface ControllerManagerPlace {
  readonly kubeconfigPath: string;
  readonly pkiFolder: string;
  readonly port: number;
  readonly controllers: readonly string[];
  readonly extra: readonly string[];
}

export const controllerManagerFlags = (place: ControllerManagerPlace): string[] => [
  `--kubeconfig=${place.kubeconfigPath}`,
  `--controllers=${place.controllers.join(",")}`,
  `--root-ca-file=${join(place.pkiFolder, "ca.crt")}`,
  `--service-account-private-key-file=${join(place.pkiFolder, "service-account.key")}`,
  "--use-service-account-credentials=true",
  `--cluster-signing-cert-file=${join(place.pkiFolder, "ca.crt")}`,
  `--cluster-signing-key-file=${join(place.pkiFolder, "ca.key")}`,
  "--leader-elect=false",
  "--bind-address=127.0.0.1",
  `--secure-port=${place.port}`,
  "--pvclaimbinder-sync-period=2s",
  // The defaults (20/30) make a start five seconds slower.
  "--kube-api-qps=300",
  "--kube-api-burst=600",
  ...place.extra,
];

export const schedulerFlags = (kubeconfigPath: string, port: number): string[] => [
  `--kubeconfig=${kubeconfigPath}`,
  "--leader-elect=false",
  "--bind-address=127.0.0.1",
  `--secure-port=${port}`,
  "--kube-api-qps=300",
  "--kube-api-burst=600",
];
