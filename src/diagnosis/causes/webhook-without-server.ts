// An admission webhook whose Service is not there or has nobody behind it, with failurePolicy Fail: what it watches over can no longer be changed.
import { MutatingWebhookConfigurations, Services, ValidatingWebhookConfigurations, type WebhookConfiguration } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, eventQuote, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";
import { isReady } from "#api/conditions.ts";
import { refusedPods } from "#diagnosis/refused-pods.ts";

const code = "WebhookWithoutServer";

export const webhookWithoutServer: Cause = {
  code,
  title: "An admission webhook with nobody to answer it",
  reads: "Webhook configurations with failurePolicy Fail, the Services they name and the pods behind these.",
  means: "Every request that the webhook watches over fails.",
  remedy: "Restore the server of the webhook. Deleting the webhook configuration leaves its objects unguarded.",
  find: (view) =>
    [...view.all(ValidatingWebhookConfigurations), ...view.all(MutatingWebhookConfigurations)].flatMap((configuration) =>
      find(view, configuration),
    ),
};

const find = (view: View, configuration: WebhookConfiguration): Assessment[] => {
  const reference = referenceTo(configuration);
  return (configuration.webhooks ?? []).map(({ name, failurePolicy, clientConfig }) => {
    const { service } = clientConfig;
    const found = service === undefined ? undefined : view.get(Services, service.namespace, service.name);
    const isKnown = service !== undefined && view.knows(Services, service.namespace);
    const pods = found === undefined ? [] : view.podsBehind(found);
    const isDown = found !== undefined && found.spec.selector !== undefined && isKnown && !pods.some((pod) => isReady(pod));
    // The API server names the webhook, by its full name, in what it answers to whoever creates the pods.
    const refused = refusedPods(view).filter(({ event }) => event.message.includes(`failed calling webhook "${name}"`));
    const what =
      found === undefined
        ? `Service ${service?.namespace}/${service?.name} does not exist`
        : `no ready pod is behind Service ${service?.namespace}/${service?.name}`;
    return assess(
      code,
      {
        required: [
          { claim: `webhook ${name} is called through a Service that can be looked at`, holds: isKnown },
          { claim: "its failurePolicy is Fail", holds: (failurePolicy ?? "Fail") === "Fail" },
          { claim: "nobody answers it", holds: isKnown && (found === undefined || isDown) },
        ],
        supporting: [
          { claim: "the Service itself is missing", holds: found === undefined, weight: 1 },
          { claim: "pods are refused for it", holds: refused.length > 0 ? true : "unknown", weight: 1 },
        ],
      },
      () => ({
        object: reference,
        summary: `Webhook ${name} of ${referenceText(reference)} cannot be called: ${what}. What it watches over can no longer be changed.`,
        chain: [what, `webhook ${name} fails`, "its failurePolicy is Fail: requests are refused"],
        quotes: [
          objectQuote(
            reference,
            `webhook ${name}: service ${service?.namespace}/${service?.name}, failurePolicy ${failurePolicy ?? "Fail"}`,
          ),
          ...refused.slice(0, 2).map(({ event }) => eventQuote(event)),
        ],
        explains: [...(found === undefined ? [] : [referenceTo(found)]), ...refused.map(({ workload }) => workload.reference)],
        facts: person("restore the server of the webhook; deleting the webhook configuration leaves its objects unguarded"),
      }),
    );
  });
};
