// An admission webhook with failurePolicy Fail whose Service does not exist or has no ready pod: every request that it guards fails.
import { isReady } from "#api/conditions.ts";
import { MutatingWebhookConfigurations, Services, ValidatingWebhookConfigurations } from "#api/kubernetes.ts";
import { eventQuote, objectQuote } from "#diagnosis/quotes.ts";
import { refusedPods } from "#diagnosis/refused-pods.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View } from "#diagnosis/view.ts";

export const webhookWithoutServer = cause({
  code: "WebhookWithoutServer",
  title: "An admission webhook without a server",
  reads: "Webhook configurations with failurePolicy Fail, the Services that they name and the pods behind these.",
  means: "Every request that the webhook guards fails.",
  needs: ["objects.ValidatingWebhookConfiguration", "objects.MutatingWebhookConfiguration", "objects.Service", "objects.Pod"],
  signs: ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"],
  of: (view: View) =>
    [...view.all(ValidatingWebhookConfigurations), ...view.all(MutatingWebhookConfigurations)].flatMap((configuration) =>
      (configuration.webhooks ?? []).flatMap(({ name, failurePolicy, clientConfig: { service } }) => {
        if (service === undefined || !view.knows(Services, service.namespace) || (failurePolicy ?? "Fail") !== "Fail") return [];
        const found = view.get(Services, service.namespace, service.name);
        // A Service without a selector has its endpoints written by another program.
        if (found !== undefined && (found.spec.selector === undefined || view.podsBehind(found).some(isReady))) return [];
        const named = `Service ${service.namespace}/${service.name}`;
        // The API server names the webhook in its answer to whatever creates the pods.
        const refused = refusedPods(view).filter(({ event }) => event.message.includes(`failed calling webhook "${name}"`));
        return [
          {
            configuration,
            name,
            found,
            named,
            refused,
            fault: found === undefined ? `${named} does not exist` : `${named} has no ready pod`,
          },
        ];
      }),
    ),
  supports: [
    { is: "the Service does not exist", holds: ({ found }) => found === undefined },
    { is: "pods are refused because of it", holds: ({ refused }) => refused.length > 0 || "unknown" },
  ],
  object: ({ configuration }) => configuration,
  says: "Webhook {name} of {configuration} cannot be called: {fault}. The objects that it guards can no longer be changed.",
  chain: "{fault} → webhook {name} fails → its failurePolicy is Fail: requests are refused",
  quotes: ({ configuration, name, named, refused }) => [
    objectQuote(configuration, `webhook ${name}: ${named}, failurePolicy Fail`),
    ...refused.slice(0, 2).map(({ event }) => eventQuote(event)),
  ],
  explains: ({ found, refused }) => [...(found === undefined ? [] : [found]), ...refused.map(({ workload }) => workload)],
  otherwise: "restore the server of the webhook; deleting the webhook configuration leaves its objects unguarded",
});
