// A registry requires credentials and the pod has none: no pull secret is named, or the named one does not exist.
import { Secrets, ServiceAccounts } from "#api/kubernetes.ts";
import { isOfficial, pullsWaiting, repositoryOf } from "#diagnosis/image-pulls.ts";
import { kubectl } from "#diagnosis/kubectl.ts";
import { eventQuote, objectQuote, quoted } from "#diagnosis/quotes.ts";
import { rollbackWithout } from "#diagnosis/remedies.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View } from "#diagnosis/view.ts";
import { deploymentRevisions } from "#diagnosis/workload-states.ts";

/** Refused for the missing login, not for the image: the words of registries and container runtimes. */
const unauthorised =
  /failed to authorize|failed to fetch (?:anonymous|oauth) token|unauthori[sz]ed|authentication required|insufficient_scope|no basic auth|pull access denied/i;
const mayNotExist = /repository does not exist|manifest unknown|: not found/i;

export const pullSecretMissing = cause({
  code: "PullSecretMissing",
  title: "An image whose registry requires credentials that the pod does not have",
  reads: "Containers that wait for their image, the registry's refusal, and the pull secrets of pod and ServiceAccount.",
  means: "The pod names no pull secret, or one that does not exist.",
  needs: ["objects.Pod"],
  signs: ["waiting ErrImagePull", "waiting ImagePullBackOff", "waiting RegistryUnavailable", "waiting ImageInspectError"],
  of: (view: View) =>
    pullsWaiting(view).map((pull) => {
      const { workload, pod } = pull;
      const { namespace } = workload.reference;
      const account = view.get(ServiceAccounts, namespace, pod.spec.serviceAccountName ?? "default");
      const named = [...(pod.spec.imagePullSecrets ?? []), ...(account?.imagePullSecrets ?? [])].map(({ name }) => name);
      const absent = named.filter((name) => view.get(Secrets, namespace, name) === undefined && view.knows(Secrets, namespace));
      const login = ["--docker-server=REGISTRY", "--docker-username=USER", "--docker-password=PASSWORD"];
      return {
        ...{ ...pull, named, absent },
        complaint: view
          .eventsAround(workload)
          .find(({ reason, uid }) => reason === "FailedToRetrieveImagePullSecret" && uid === pod.metadata.uid),
        reason:
          named.length === 0
            ? "names no pull secret"
            : `names pull secret ${(absent.length > 0 ? absent : named).join(", ")}, which does not exist`,
        command: kubectl(namespace, "create", "secret", "docker-registry", absent[0] ?? "NAME", ...login),
      };
    }),
  when: [
    { is: "the registry refuses for missing credentials", holds: ({ message }) => unauthorised.test(message) },
    {
      is: "no pull secret that exists is named",
      holds: ({ named, absent, complaint }) => absent.length === named.length || complaint !== undefined,
    },
  ],
  unless: [
    {
      is: "the registry reports that the image may not exist",
      holds: ({ message, complaint }) => mayNotExist.test(message) && complaint === undefined,
    },
    {
      is: "an earlier revision ran an image of the same repository without a pull secret",
      holds: ({ workload, image, complaint }, view) =>
        complaint === undefined &&
        deploymentRevisions(view, workload).some(
          ({ isCurrent, ready, template: { spec } }) =>
            !isCurrent &&
            ready > 0 &&
            (spec.imagePullSecrets ?? []).length === 0 &&
            spec.containers.some((each) => repositoryOf(each.image ?? "") === repositoryOf(image)),
        ),
    },
    {
      is: "it is an official image of Docker Hub, which is public",
      holds: ({ image, complaint }) => isOfficial(image) && complaint === undefined,
    },
  ],
  supports: [
    { is: "the kubelet does not find the named secret", holds: ({ complaint }) => complaint !== undefined || "unknown", weight: 2 },
    {
      is: "all Secrets of the namespace were read",
      holds: ({ workload: { reference } }, view) => view.knows(Secrets, reference.namespace),
    },
  ],
  says: "The registry of {image} requires credentials, and {workload} {reason}.",
  chain: "{workload} {reason} → the registry refuses {image} → container {container} waits for its image",
  quotes: ({ workload, complaint, event, named }) => [
    ...[complaint, event].map((each) => quoted(each, eventQuote)),
    objectQuote(workload, `imagePullSecrets: ${named.join(", ") || "none"}`),
  ],
  repairs: ({ workload, image }, view) =>
    rollbackWithout(view, workload, ({ spec }) => spec.containers.some((each) => each.image === image)),
  remedy: "`rollback_deployment` to a revision that needs no credentials. Otherwise, create the pull secret.",
  otherwise: "create the pull secret: {command}",
});
