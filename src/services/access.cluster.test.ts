// Who may send, as a real API server says it: with audiences, and with a right on a subresource that it does not serve.
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { kinds } from "#api/kinds/registry.ts";
import { CONTROLLER_ACCOUNT, SIGNALS_ACCOUNT, SIGNALS_AUDIENCE } from "#api/labels.ts";
import { systemClock } from "#lib/system-clock.ts";
import { crdOf } from "#manifests/crd.ts";
import { namespaceManifest, rights } from "#manifests/install.ts";
import { toYaml } from "#manifests/manifest.ts";
import { rbacOf } from "#manifests/rbac.ts";
import { createAccess, type ReviewAccess } from "#services/access.ts";
import { signalRight } from "#services/gateway/gateway.ts";
import { newRequest } from "#services/gateway/request.ts";
import { issuerOf } from "#services/token-claims.ts";
import { openCluster, type TestCluster, tokenCredentials, tokenOf } from "#test/cluster.ts";
import { kubectlOf, mustKubectl } from "#test/kubectl.ts";
import { connect } from "#kube/connect.ts";

const namespace = "kintsugi-senders";
let cluster: TestCluster;
let review: ReviewAccess;

beforeAll(async () => {
  cluster = await openCluster(inject("controlPlane"));
  const kubectl = kubectlOf(inject("controlPlane"));
  const creator = rbacOf({
    account: "kintsugi-creator",
    namespace,
    needs: [{ group: RemediationRequest.group, resource: RemediationRequest.plural, verbs: ["create"], scope: "own" }],
  });
  const powerless = rbacOf({ account: "kintsugi-powerless", namespace, needs: [] });
  const manifests = [namespaceManifest(namespace), ...kinds.map(crdOf), ...rights(namespace), ...creator, ...powerless];
  await mustKubectl(kubectl, ["apply", "--server-side", "--force-conflicts", "-f", "-"], toYaml(manifests));
  await mustKubectl(kubectl, ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
  const own = await tokenOf(cluster, namespace, CONTROLLER_ACCOUNT);
  review = createAccess({
    kube: await cluster.asAccount(namespace, CONTROLLER_ACCOUNT),
    clock: systemClock,
    audience: SIGNALS_AUDIENCE,
    advice: "Create a token.",
    issuer: () => Promise.resolve(issuerOf(own)),
  });
});
afterAll(() => cluster.close());

const token = (account: string, ...audiences: string[]): Promise<string> =>
  tokenOf(cluster, namespace, account, audiences.length === 0 ? undefined : audiences);
const verdict = async (account: string, ...audiences: string[]): Promise<string> =>
  (await review({ token: await token(account, ...audiences), address: "" }, signalRight(namespace))).verdict;

test.each<[string, string, readonly string[], string]>([
  ["a sender's token for Kintsugi", SIGNALS_ACCOUNT, [SIGNALS_AUDIENCE], "allowed"],
  ["a sender's token for Kintsugi and others", SIGNALS_ACCOUNT, ["vault", SIGNALS_AUDIENCE], "allowed"],
  ["a sender's token for the API server", SIGNALS_ACCOUNT, [], "unknown"],
  ["a sender's token for others", SIGNALS_ACCOUNT, ["vault"], "unknown"],
  ["the token of an account that may only create requests", "kintsugi-creator", [SIGNALS_AUDIENCE], "forbidden"],
  ["the token of an account without rights", "kintsugi-powerless", [SIGNALS_AUDIENCE], "forbidden"],
])("%s: the answer", async (_, account, audiences, expected) => {
  expect(await verdict(account, ...audiences)).toBe(expected);
});

test("a false signature is found by the API server", async () => {
  const [header, claims] = (await token(SIGNALS_ACCOUNT, SIGNALS_AUDIENCE)).split(".");
  const forged = `${header}.${claims}.${"A".repeat(342)}`;
  expect(await review({ token: forged, address: "" }, signalRight(namespace))).toMatchObject({
    verdict: "unknown",
    why: expect.stringContaining("the API server does not accept it"),
  });
});

test("the account of senders may create no request, and its token for Kintsugi opens nothing else", async () => {
  const target = { apiVersion: "v1", kind: "Namespace", name: "shop" };
  const request = newRequest("rr-000000000000-1", namespace, {
    signal: {
      status: "firing",
      name: "A",
      fingerprint: "a",
      severity: "info",
      startsAtMs: 0,
      source: "prometheus",
      labels: {},
      annotations: {},
      reported: { kind: "Namespace", name: "shop" },
    },
    target,
  });
  const sender = await cluster.asAccount(namespace, SIGNALS_ACCOUNT);
  await expect(sender.create(RemediationRequest, request)).rejects.toMatchObject({ status: 403 });
  const credentials = tokenCredentials(await token(SIGNALS_ACCOUNT, SIGNALS_AUDIENCE));
  const withAudience = connect({ ...cluster.config, credentials }, { clock: systemClock, random: () => 0.5 });
  await expect(withAudience.request("GET", "/api")).rejects.toMatchObject({ status: 401 });
  withAudience.close();
});
