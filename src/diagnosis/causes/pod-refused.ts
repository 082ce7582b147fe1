// Pods that admission refuses: Pod Security, a LimitRange, an admission policy or a webhook. The FailedCreate events of their controller quote
// the API server. Quotas and missing ServiceAccounts are causes of their own.
import type { Cause } from "#diagnosis/cause.ts";
import { repeated } from "#diagnosis/checks/events.ts";
import { lacksPods } from "#diagnosis/checks/pods.ts";
import { eventQuote } from "#diagnosis/quotes.ts";
import { refusedPods } from "#diagnosis/refused-pods.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View } from "#diagnosis/view.ts";

interface Refuser extends Pick<Cause, "code" | "title" | "means" | "suppressedBy"> {
  /** The API server's words; the first group names the refuser. */
  readonly pattern: RegExp;
  readonly otherwise: string;
}

const refuser = ({ pattern, ...texts }: Refuser): Cause =>
  cause({
    ...texts,
    reads: "FailedCreate events of workloads that have fewer pods than they want.",
    needs: ["objects.Pod", "events"],
    signs: ["event FailedCreate"],
    of: (view: View) =>
      refusedPods(view).flatMap(({ workload, event }) => {
        const [words, by = "admission"] = pattern.exec(event.message) ?? [];
        if (words === undefined) return [];
        const missing = (workload.desired ?? 1) - workload.pods.length;
        return [{ workload, event, words: words.slice(0, 400), by, missing, desired: workload.desired ?? 1 }];
      }),
    supports: [repeated, lacksPods],
    says: "Pods of {workload} are refused: {words}.",
    chain: "{by} refuses the pod → {missing} of {desired} pods of {workload} are missing",
    quotes: ({ event }) => [eventQuote(event)],
  });

export const podRefused: readonly Cause[] = [
  refuser({
    code: "PodSecurityRefuses",
    title: "A pod that violates the Pod Security level of its namespace",
    pattern: /violates PodSecurity "([^"]+)": (.{1,300})/,
    means: "The pod template asks for settings that the Pod Security level of the namespace forbids.",
    otherwise: "remove the forbidden settings from the pod template, or set another Pod Security level on the namespace",
  }),
  refuser({
    code: "LimitRangeRefuses",
    title: "A pod outside the LimitRange of its namespace",
    pattern: /((?:maximum|minimum) (?:cpu|memory|ephemeral-storage) (?:usage|limit)[^,\]]{1,200})/,
    means: "The resources of the pod template are outside the range that the LimitRange allows.",
    otherwise: "change the resources in the pod template, or the LimitRange",
  }),
  refuser({
    code: "PriorityClassMissing",
    title: "A pod whose PriorityClass does not exist",
    pattern: /no PriorityClass with name (\S{1,253}) was found/,
    means: "The pod template names a PriorityClass that the cluster does not have.",
    otherwise: "create the PriorityClass, or correct priorityClassName in the pod template",
  }),
  refuser({
    code: "AdmissionPolicyRefuses",
    title: "A pod that a ValidatingAdmissionPolicy refuses",
    pattern: /ValidatingAdmissionPolicy '([^']+)' with binding '[^']+' denied request: (.{1,300})/,
    means: "A ValidatingAdmissionPolicy forbids the pod template.",
    otherwise: "change the pod template to satisfy the policy, or change the policy",
  }),
  refuser({
    code: "WebhookUnreachable",
    title: "An admission webhook that cannot be called",
    pattern: /failed calling webhook "([^"]+)": (.{1,300})/,
    means: "The webhook does not answer and its failurePolicy is Fail: none of its objects can be created.",
    otherwise: "restore the server of the webhook; deleting the webhook configuration leaves its objects unguarded",
    suppressedBy: ["WebhookWithoutServer"],
  }),
  refuser({
    code: "WebhookRefuses",
    title: "A pod that an admission webhook refuses",
    pattern: /admission webhook "([^"]+)" denied the request:? ?(.{0,300})/,
    means: "A webhook forbids the pod template.",
    otherwise: "change the pod template to satisfy the webhook",
  }),
];
