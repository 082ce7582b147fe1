// Which declared rights this kubeconfig lacks, as the API server answers. Writes nothing.
import * as z from "zod";

import { type Need, qualifiedResource } from "#api/object.ts";
import type { Kube } from "#kube/client.ts";

interface Question {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  readonly name?: string | undefined;
  readonly scope: Need["scope"];
}

const Review = z.object({ status: z.object({ allowed: z.boolean() }) });
const atOnce = 16;

/** `list pods`, `create jobs.batch in kintsugi-system`: one text for each missing right. */
export const missingRights = async (kube: Kube, namespace: string, needs: readonly Need[]): Promise<readonly string[]> => {
  const questions = questionsOf(needs);
  const missing: string[] = [];
  for (let at = 0; at < questions.length; at += atOnce) {
    const batch = questions.slice(at, at + atOnce);
    const allowed = await Promise.all(batch.map((question) => isAllowed(kube, namespace, question)));
    missing.push(...batch.filter((_, index) => allowed[index] === false).map((question) => questionText(question, namespace)));
  }
  return missing;
};

const questionsOf = (needs: readonly Need[]): readonly Question[] => {
  const questions = new Map<string, Question>();
  for (const { group, resource, verbs, names, scope } of needs)
    for (const verb of verbs)
      for (const name of names ?? [undefined]) {
        const question = { group, resource, verb, name, scope };
        questions.set(JSON.stringify(question), question);
      }
  return [...questions.values()];
};

const isAllowed = async (kube: Kube, namespace: string, { group, resource, verb, name, scope }: Question): Promise<boolean> => {
  const [plural, subresource] = resource.split("/", 2);
  const answer = await kube.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes: { group, resource: plural, subresource, verb, name, ...(scope === "own" ? { namespace } : {}) } },
  });
  return Review.parse(answer).status.allowed;
};

const questionText = ({ group, resource, verb, name, scope }: Question, namespace: string): string =>
  `${verb} ${qualifiedResource({ group, resource })}${name === undefined ? "" : ` ${name}`}${scope === "own" ? ` in ${namespace}` : ""}`;
