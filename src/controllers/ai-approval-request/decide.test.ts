import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { API_VERSION } from "#api/define-kind.ts";
import { type AIApprovalRequest, type ApprovalPhase, approvalTransitions, type Decision as Vote } from "#api/kinds/ai-approval-request.ts";
import { kintsugiLine, kubectlLine } from "#controllers/ai-approval-request/commands.ts";
import { decide, type Decision, type ApprovalObservation, phases, type Words } from "#controllers/ai-approval-request/decide.ts";
import { observe } from "#controllers/ai-approval-request/observe.ts";
import { CHANGES_KEY, sealer } from "#cluster/sealed-changes.ts";
import type { Caches } from "#kube/caches.ts";
import type { Kube } from "#kube/client.ts";
import { testDecisionLaws } from "#test/decision-laws.ts";
import { sceneNow, target } from "#test/scene.ts";

const asked = (
  decisions: readonly Vote[] = [],
  spec: Partial<AIApprovalRequest["spec"]> = {},
  phase?: ApprovalPhase,
): AIApprovalRequest => ({
  apiVersion: API_VERSION,
  kind: "AIApprovalRequest",
  metadata: {
    name: "rr-1-a1-aiar",
    namespace: "kintsugi-system",
    uid: "u",
    resourceVersion: "1",
    creationTimestamp: "2027-03-01T14:00:00Z",
  },
  spec: {
    request: "rr-1",
    analysis: "rr-1-a1-aia",
    summary: "Revision 2 crashes.",
    steps: [
      {
        id: "s1",
        action: "rollback_deployment",
        target,
        parameters: {},
        changesHash: "",
        dependsOn: [],
        critical: true,
        timeoutSeconds: 300,
      },
    ],
    diffs: [],
    changes: "[]",
    changesHash: "",
    risk: "medium",
    reversible: true,
    reason: "production",
    expiresAt: "2027-03-01T18:00:00Z",
    approvers: ["group:on-call"],
    minApprovers: 1,
    decisions: [...decisions],
    ...spec,
  },
  ...(phase === undefined ? {} : { status: { phase } }),
});
const yes = (by: string): Vote => ({ by, decision: "Approved" });
const no = (by: string): Vote => ({ by, decision: "Rejected", message: "not today" });
const other = (by: string): Vote => ({
  by,
  decision: "Overridden",
  override: { step: "s1", parameters: { memory: "1Gi" } },
  message: "safer",
});
const fourHours = 4 * 3_600_000;

describe("an answer", () => {
  const table: Record<string, [AIApprovalRequest, Omit<ApprovalObservation, "approval"> & { after?: number }, Partial<Decision>]> = {
    "is asked for once": [
      asked(),
      {},
      {
        do: "updateStatus",
        status: { phase: "Pending", message: "Needs 1 more approval (group:on-call). Expires at 2027-03-01T18:00:00Z." },
        notice: { reason: "ApprovalRequested", message: expect.stringContaining("kintsugi approve rr-1") as string },
      },
    ],
    "is then waited for until it expires": [asked([], {}, "Pending"), { after: 1000 }, { do: "wait", untilMs: sceneNow + fourHours }],
    "of two is asked for where two are wanted": [
      asked([], { minApprovers: 2 }),
      {},
      { do: "updateStatus", status: { message: "Needs 2 more approvals (group:on-call). Expires at 2027-03-01T18:00:00Z." } as never },
    ],
    "that wants other parameters without naming them says so": [
      asked([{ by: "ann", decision: "Overridden", override: { step: "s1", parameters: {} } }]),
      {},
      { do: "transition", to: "Overridden", message: "ann requests other parameters." },
    ],
    "of one who may decide is enough": [asked([yes("ann")]), {}, { do: "transition", to: "Approved", message: "Approved by ann." }],
    "of one is not enough where two are wanted": [asked([yes("ann")], { minApprovers: 2 }, "Pending"), {}, { do: "wait" }],
    "of two is": [
      asked([yes("ann"), yes("ben")], { minApprovers: 2 }, "Pending"),
      {},
      { do: "transition", to: "Approved", message: "Approved by ann, ben." },
    ],
    "given twice by one person counts once": [asked([yes("ann"), yes("ann")], { minApprovers: 2 }, "Pending"), {}, { do: "wait" }],
    "no outweighs any number of yes": [
      asked([yes("ann"), no("ben"), yes("cleo")], { minApprovers: 2 }),
      {},
      { do: "transition", to: "Rejected", message: "Rejected by ben (“not today”)." },
    ],
    "after the expiry does not count": [asked([yes("ann")]), { after: fourHours }, { do: "transition", to: "Expired" }],
    "no counts also after the expiry": [asked([no("ann")]), { after: fourHours }, { do: "transition", to: "Rejected" }],
    "with an expiry that cannot be read does not count": [
      asked([yes("ann")], { expiresAt: "soon" }),
      {},
      { do: "transition", to: "Expired" },
    ],
    "yes to what has drifted does not count": [
      asked([yes("ann")]),
      { drift: "Deployment shop/web changed since" },
      { do: "transition", to: "Void", message: "Approval request voided: Deployment shop/web changed since." },
    ],
    "of Kintsugi's own controllers does not count": [
      asked([yes("system:serviceaccount:kintsugi-system:kintsugi-controllers")], {}, "Pending"),
      {},
      { do: "wait" },
    ],
    "of an action's account does not count": [
      asked([yes("system:serviceaccount:kintsugi-system:kintsugi-act-rollback-deployment")], {}, "Pending"),
      {},
      { do: "wait" },
    ],
    "of a user who is not listed does not count": [asked([yes("mallory")], { approvers: ["user:ann"] }, "Pending"), {}, { do: "wait" }],
    "of a user named as the group does not count": [asked([yes("on-call")], { approvers: ["user:ann"] }, "Pending"), {}, { do: "wait" }],
    "of a ServiceAccount does not count where only groups are listed": [
      asked([yes("system:serviceaccount:shop:robot")], {}, "Pending"),
      {},
      { do: "wait" },
    ],
    "of a ServiceAccount that is listed as a user counts": [
      asked([yes("system:serviceaccount:shop:robot")], { approvers: ["user:system:serviceaccount:shop:robot"] }),
      {},
      { do: "transition", to: "Approved" },
    ],
    "that wants other parameters approves nothing and ends the question": [
      asked([other("ann")]),
      {},
      {
        do: "transition",
        to: "Overridden",
        message: "ann (“safer”) requests memory 1Gi.",
        status: { override: { step: "s1", parameters: { memory: "1Gi" }, by: "ann", message: "safer" } },
      },
    ],
    "that wants other parameters outweighs every yes": [asked([yes("ben"), other("ann")]), {}, { do: "transition", to: "Overridden" }],
    "no outweighs a wish for other parameters": [asked([other("ann"), no("ben")]), {}, { do: "transition", to: "Rejected" }],
    "that wants other parameters for what has drifted comes too late": [asked([other("ann")]), { drift: "changed" }, { to: "Void" }],
    "that wants other parameters and names none counts as nothing": [
      asked([{ by: "ann", decision: "Overridden" }], {}, "Pending"),
      {},
      { do: "wait" },
    ],
    "that wants other parameters does not count when Kintsugi gives it": [
      asked([other("system:serviceaccount:kintsugi-system:kintsugi-controllers")], {}, "Pending"),
      {},
      { do: "wait" },
    ],
    "that was given is never taken back": [asked([no("ann")], {}, "Approved"), { after: fourHours, drift: "changed" }, { do: "wait" }],
    "is unchecked while the admission policy is not in force": [asked([yes("ann")], {}, "Pending"), { isUnchecked: true }, { do: "wait" }],
  };
  test.each(Object.entries(table))("%s", (_name, [approval, { after = 0, ...facts }, expected]) => {
    expect(decide({ approval, ...facts }, sceneNow + after)).toMatchObject(expected);
  });

  testDecisionLaws<Words, ApprovalObservation>({
    phases,
    transitions: approvalTransitions,
    phaseIn: ({ approval }) => approval.status?.phase ?? "Pending",
    cases: Object.values(table).map(([approval, { after = 0, ...facts }]) => [{ approval, ...facts }, sceneNow + after]),
  });
});

test("the lines to decide with can be copied as they are", () => {
  expect(kintsugiLine(asked())).toBe("kintsugi approve rr-1");
  expect(kubectlLine(asked(), "Approved")).toBe(
    `kubectl patch aiar rr-1-a1-aiar -n kintsugi-system --type=json -p '[{"op":"add","path":"/spec/decisions/-","value":{"by":"<you>","decision":"Approved","via":"kubectl"}}]'`,
  );
});

describe("while the admission policy that checks decisions is not as generated", () => {
  const key = { apiVersion: "v1", kind: "Secret", metadata: { name: CHANGES_KEY }, data: { key: Buffer.alloc(32, 1).toString("base64") } };
  const kube = { get: () => Promise.resolve(key), create: () => Promise.reject(new Error("there is one already")) } as unknown as Kube;
  const caches = { of: () => ({ get: () => undefined }) } as unknown as Pick<Caches, "of">;
  const namespace = "kintsugi-system";
  const seen = async (checkedBy: string | undefined, votes: readonly Vote[]) => {
    const seal = await sealer({ kube, namespace, randomBytes });
    const { kind, metadata } = asked();
    const changes = seal({ kind, name: metadata.name, field: "changes" }, "[]");
    const approval = asked(votes, { checkedBy: "policy.1", changes }, "Pending");
    return observe({ kube, caches, namespace }, checkedBy, approval, new AbortController().signal);
  };
  const decided = async (checkedBy: string | undefined, vote: Vote) => decide(await seen(checkedBy, [vote]), sceneNow);

  test("no approval counts", async () => expect(await decided(undefined, yes("ada"))).toMatchObject({ do: "wait" }));
  test("a rejection counts", async () => expect(await decided(undefined, no("ada"))).toMatchObject({ do: "transition", to: "Rejected" }));
  test("what was approved meanwhile does not count afterwards: it is asked again", async () =>
    expect(await decided("policy.3", yes("ada"))).toMatchObject({
      do: "transition",
      to: "Void",
      message: expect.stringContaining("admission policy") as string,
    }));
  test("under the policy of the question it counts", async () =>
    expect(await decided("policy.1", yes("ada"))).toMatchObject({ do: "transition", to: "Approved" }));
});
