// Who the API server takes us for: the only name a decision may carry.
import { misuse } from "#cli/failure.ts";
import type { Kube } from "#kube/client.ts";
import * as z from "zod";

const SelfSubjectReview = z.object({
  status: z.object({ userInfo: z.object({ username: z.string().min(1), groups: z.array(z.string()).optional() }) }),
});

export interface Identity {
  readonly name: string;
  readonly groups: readonly string[];
}

export const whoAmI = async (kube: Kube): Promise<Identity> => {
  const answer = await kube.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {
    apiVersion: "authentication.k8s.io/v1",
    kind: "SelfSubjectReview",
    metadata: {},
  });
  const review = SelfSubjectReview.safeParse(answer);
  if (!review.success) throw misuse("the API server does not say who you are (SelfSubjectReview needs Kubernetes 1.28 or later)");
  const { username, groups = [] } = review.data.status.userInfo;
  return { name: username, groups };
};
