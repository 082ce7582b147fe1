// The three ways to take an alert that are compared: the Gateway, a bare create of the same body, and the ten calls of a system that locks by leases.
import { randomBytes } from "node:crypto";
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { RemediationRequest as Requests } from "#api/kinds/remediation-request.ts";
import { GROUP } from "#api/define-kind.ts";
import { SIGNALS_AUDIENCE } from "#api/labels.ts";
import type { NewObject } from "#api/object.ts";
import { prometheusSignalsPath } from "#api/rest/gateway.ts";
import { isAlreadyExists } from "#kube/errors.ts";
import { newRequest } from "#services/gateway/request.ts";
import { alertmanagerAlert, delivery } from "#test/alertmanager.ts";
import type { Connected } from "#test/cluster.ts";

/** Takes the alert with this number of this run. */
export type Contender = (alert: number) => Promise<void>;

export interface Place {
  /** As the controllers' account. */
  readonly kube: Connected;
  /** Admission allows no leases to the controllers' account. */
  readonly admin: Connected;
  readonly namespace: string;
  /** Makes the names of one block differ from those of the others. */
  readonly run: string;
}

const targetOf = ({ run }: Place, alert: number): string => `d-${run}-${alert}`;

export const gatewayContender = (place: Place, gateway: string, token: string): Contender => {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return async (alert) => {
    const labels = { namespace: "shop", deployment: targetOf(place, alert) };
    const body = JSON.stringify(delivery([alertmanagerAlert({ labels, startsAt: new Date().toISOString() })]));
    const answer = await fetch(`${gateway}${prometheusSignalsPath}`, { method: "POST", headers, body });
    const text = await answer.text();
    if (answer.status !== 202 || /"result":"(?:rejected|ignored|logged)"/.test(text)) throw new Error(`${answer.status}: ${text}`);
  };
};

/** As the Gateway makes it. */
const requestOf = (place: Place, alert: number): NewObject<RemediationRequest> => {
  const name = targetOf(place, alert);
  const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name };
  const signal = {
    status: "firing",
    name: "KubePodCrashLooping",
    fingerprint: randomBytes(8).toString("hex"),
    severity: "critical",
    startsAtMs: Date.now(),
    source: "prometheus",
    labels: { alertname: "KubePodCrashLooping", severity: "critical", namespace: "shop", deployment: name },
    annotations: { summary: "Pod restarts again and again" },
    generatorURL: "http://prometheus.monitoring:9090/graph?g0.expr=x",
    reported: { kind: "Deployment", namespace: "shop", name },
  } as const;
  return newRequest(`rr-${name}`, place.namespace, { signal, target });
};

export const bareContender =
  (place: Place): Contender =>
  async (alert) =>
    void (await place.kube.create(Requests, requestOf(place, alert)));

/** TokenReview, SubjectAccessReview, lease get and create, list, create, get, status update, lease get and delete. A duplicate is found by the list. */
export const tenCallContender = (place: Place, token: string): Contender => {
  const { kube, admin, namespace } = place;
  const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  const requests = `/apis/${GROUP}/v1alpha1/namespaces/${namespace}/remediationrequests`;
  const found = (path: string): Promise<unknown> => admin.request("GET", path).catch(() => undefined);
  const lock = async (lease: string): Promise<void> => {
    for (;;) {
      await found(`${leases}/${lease}`);
      const spec = { holderIdentity: "bench", leaseDurationSeconds: 30 };
      const object = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: lease }, spec };
      try {
        return void (await admin.request("POST", leases, object));
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    }
  };
  return async (alert) => {
    const request = requestOf(place, alert);
    const { name } = request.metadata;
    const target = request.metadata.labels?.["kintsugi.dev/target"] ?? "";
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token, audiences: [SIGNALS_AUDIENCE] } };
    const { status } = (await kube.request("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)) as {
      status: { user: { username: string } };
    };
    const resourceAttributes = { namespace, verb: "create", group: GROUP, resource: "remediationrequests", subresource: "signals" };
    const access = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: { user: status.user.username, resourceAttributes },
    };
    await kube.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", access);
    await lock(`lock-${target}`);
    const list = (await kube.request("GET", `${requests}?labelSelector=${encodeURIComponent(`kintsugi.dev/target=${target}`)}`)) as {
      items: readonly unknown[];
    };
    if (list.items.length === 0) await kube.request("POST", requests, request);
    const live = (await kube.request("GET", `${requests}/${name}`)) as RemediationRequest;
    const seen = {
      [live.spec.alert.fingerprint]: {
        name: "KubePodCrashLooping",
        startsAt: live.spec.alert.startsAt,
        lastSeen: live.spec.alert.startsAt,
        count: 1,
      },
    };
    await kube
      .request("PUT", `${requests}/${name}/status`, { ...live, status: { ...live.status, alerts: seen } })
      .catch((error: unknown) => {
        if (!String(error).includes("409") && !/conflict|modified/i.test(String(error))) throw error;
      });
    await found(`${leases}/lock-${target}`);
    await admin.request("DELETE", `${leases}/lock-${target}`);
  };
};
