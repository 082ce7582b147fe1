// A registry wants credentials and the pod brings none: no pull secret is named, or the one that is named does not exist.
import { deploymentRevisions } from "#diagnosis/workload-states.ts";
import { Secrets, ServiceAccounts } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, eventQuote, objectQuote } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { kubectl } from "#diagnosis/kubectl.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { isOfficial, repositoryOf, type Pull, pullsWaiting } from "#diagnosis/image-pulls.ts";
import { remediesOr, rollbackWithout } from "#diagnosis/previous-revision.ts";
import type { View } from "#diagnosis/view.ts";

const code = "PullSecretMissing";

export const pullSecretMissing: Cause = {
  code,
  title: "An image whose registry wants credentials that the pod does not bring",
  reads: "Containers that wait for their image, the registry's refusal, the pull secrets of pod and ServiceAccount.",
  means: "No pull secret is named for it, or the named one does not exist.",
  remedy: "`rollback_deployment` to a revision that needs no credentials. Otherwise, create the pull secret.",
  find: (view) => pullsWaiting(view).map((pull) => find(view, pull)),
};

/** Refused for who asks, instead of for what is asked: registries and container runtimes. */
const unauthorised =
  /failed to authorize|failed to fetch (?:anonymous|oauth) token|unauthori[sz]ed|authentication required|insufficient_scope|no basic auth|pull access denied/i;
const mayNotExist = /repository does not exist|manifest unknown|: not found/i;

const find = (view: View, { workload, pod, container, image, event, message }: Pull): Assessment => {
  const { namespace } = workload.reference;
  const account = view.get(ServiceAccounts, namespace, pod.spec.serviceAccountName ?? "default");
  const named = [...(pod.spec.imagePullSecrets ?? []), ...(account?.imagePullSecrets ?? [])].map(({ name }) => name);
  const absent = named.filter((name) => view.get(Secrets, namespace, name) === undefined && view.knows(Secrets, namespace));
  const complaint = view
    .eventsAround(workload)
    .find(({ reason, uid }) => reason === "FailedToRetrieveImagePullSecret" && uid === pod.metadata.uid);
  const ranWithout = deploymentRevisions(view, workload).some(
    ({ isCurrent, ready, template: { spec } }) =>
      !isCurrent &&
      ready > 0 &&
      (spec.imagePullSecrets ?? []).length === 0 &&
      spec.containers.some((each) => repositoryOf(each.image ?? "") === repositoryOf(image)),
  );
  const lacks =
    named.length === 0
      ? "names no pull secret"
      : `names pull secret ${(absent.length > 0 ? absent : named).join(", ")}, which does not exist`;
  return assess(
    code,
    {
      required: [
        { claim: "the registry refuses for want of credentials", holds: unauthorised.test(message) },
        {
          claim: "no pull secret that exists is named",
          holds: named.length === 0 || absent.length === named.length || complaint !== undefined,
        },
      ],
      against: [
        { claim: "the registry says that the image may not exist", holds: mayNotExist.test(message) && complaint === undefined },
        { claim: "an earlier revision ran an image of the same repository without one", holds: ranWithout && complaint === undefined },
        { claim: "it is an official image of Docker Hub, which everybody may read", holds: isOfficial(image) && complaint === undefined },
      ],
      supporting: [
        { claim: "the kubelet misses the named secret", holds: complaint !== undefined ? true : "unknown", weight: 2 },
        { claim: "secrets of the namespace are known", holds: view.knows(Secrets, namespace), weight: 1 },
      ],
    },
    () => ({
      object: workload.reference,
      summary: `The registry of ${image} wants credentials, and ${referenceText(workload.reference)} ${lacks}.`,
      chain: [
        `${referenceText(workload.reference)} ${lacks}`,
        `the registry refuses ${image}`,
        `container ${container} waits for its image`,
      ],
      quotes: [
        ...(complaint === undefined ? [] : [eventQuote(complaint)]),
        ...(event === undefined ? [] : [eventQuote(event)]),
        objectQuote(workload.reference, `imagePullSecrets: ${named.join(", ") || "none"}`),
      ],
      explains: [workload.reference],
      facts: remediesOr(
        [...rollbackWithout(view, workload, ({ spec }) => spec.containers.some((each) => each.image === image))],
        `create the pull secret: ${kubectl(workload.reference.namespace, "create", "secret", "docker-registry", absent[0] ?? "NAME", "--docker-server=REGISTRY", "--docker-username=USER", "--docker-password=PASSWORD")}`,
      ),
    }),
  );
};
