// `kintsugi approve`, `reject` and `cancel`: who may, what is written, and what is said where it cannot be.
import { describe, expect, test } from "vitest";

import type { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { type FakeServer, runKintsugi, serverError, whoAmIAnswer } from "#test/cli-harness.ts";
import { approvedSample, awaitingApprovalSample, remediatedSample, sampleStart } from "#test/sample-requests.ts";
import { createManualClock } from "#lib/manual-clock.ts";

const waiting = awaitingApprovalSample();
const request = waiting.request.metadata.name;
const approvalName = `${request}-a1-aiar`;
const serverOf = (
  change: (approval: AIApprovalRequest) => AIApprovalRequest = (each) => each,
  more: Partial<FakeServer> = {},
): FakeServer => ({
  objects: [waiting.request, ...waiting.analyses, ...waiting.approvals.map(change)],
  answers: whoAmIAnswer("alice"),
  ...more,
});
const approvalIn = (server: FakeServer): AIApprovalRequest =>
  server.objects.find((each) => each.kind === "AIApprovalRequest") as AIApprovalRequest;
const terminal = (answer: string) => ({ isTerminal: true, columns: 100, ask: async () => answer });

describe("approve and reject", () => {
  test.each([
    [[request]],
    [[approvalName]],
    [["deployment/checkout"]],
    [["deployment", "checkout"]],
    [["deployment/checkout", "-n", "shop"]],
    [[approvalName, "-n", "shop"]],
    [[`aiar/${approvalName}`]],
  ])("approve %j adds one decision in my own name", async (words) => {
    const server = serverOf();
    const ran = await runKintsugi(["approve", ...words, "--yes", "-m", "go on"], server);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(approvalIn(server).spec.decisions).toEqual([{ by: "alice", decision: "Approved", via: "kintsugi", message: "go on" }]);
    expect(ran.stdout).toContain("Approved as alice.");
  });

  test.each([
    ["approve", "deployment/checkout"],
    ["approve", approvalName],
    ["reject", request],
    ["cancel", "deployment", "checkout"],
  ])("%s %s for a workload in another namespace than -n says finds nothing and changes nothing", async (...words) => {
    const server = serverOf();
    const metadata = { name: "billing", uid: "n", resourceVersion: "1", creationTimestamp: "2027-01-01T00:00:00Z" };
    server.objects.push({ apiVersion: "v1", kind: "Namespace", metadata });
    const ran = await runKintsugi([...words, "-y", "-n", "billing"], server);
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("for a workload in namespace billing\nFound for Deployment shop/checkout: use its namespace with -n");
    expect(ran.requests.filter((each) => each.startsWith("PATCH"))).toEqual([]);
  });

  test("the exact change and its undo are shown before the question", async () => {
    const server = serverOf();
    const asked: string[] = [];
    let printed = "";
    const ask = async (question: string): Promise<string> => {
      asked.push(question);
      return "y";
    };
    const ran = await runKintsugi(["approve", request], server, { isTerminal: true, columns: 100, ask });
    printed = ran.stdout;
    expect(asked).toEqual(["Approve this change as alice? [y/N] "]);
    for (const word of [
      "rollback_deployment on Deployment shop/checkout (revision 1)",
      "2.3.1",
      "Undo:",
      "low risk, can be undone",
      "in 3h 59m",
      "environment production",
    ])
      expect(printed).toContain(word);
  });

  test("reject says why, and that nothing will be changed", async () => {
    const server = serverOf();
    const ran = await runKintsugi(["reject", request, "-y", "-m", "not on Friday"], server);
    expect(ran.stdout).toContain("Rejected as alice. Nothing will be changed.");
    expect(approvalIn(server).spec.decisions).toEqual([{ by: "alice", decision: "Rejected", via: "kintsugi", message: "not on Friday" }]);
  });

  test.each([["n"], [""], ["maybe"]])("the answer %j changes nothing and is exit code 1", async (answer) => {
    const server = serverOf();
    const ran = await runKintsugi(["approve", request], server, terminal(answer));
    expect(ran).toMatchObject({ code: 1, stderr: "kintsugi: not confirmed; nothing was changed\n" });
    expect(approvalIn(server).spec.decisions).toEqual([]);
  });

  test("without a terminal, --yes is needed", async () => {
    const server = serverOf();
    const ran = await runKintsugi(["approve", request], server);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("--yes");
    expect(approvalIn(server).spec.decisions).toEqual([]);
  });

  describe("approve --set", () => {
    const inNeedOfMemory = (each: AIApprovalRequest): AIApprovalRequest => {
      const step = { ...each.spec.steps[0]!, action: "increase_resources", parameters: { container: "checkout", memory: "512Mi" } };
      return { ...each, spec: { ...each.spec, steps: [step] } };
    };

    test("asks for other parameters, in my name, and says that nothing is approved", async () => {
      const server = serverOf(inNeedOfMemory);
      const ran = await runKintsugi(["approve", "--set", "memory=1Gi", request, "-y", "-m", "we know this one"], server);
      expect(ran).toMatchObject({ code: 0, stderr: "" });
      expect(approvalIn(server).spec.decisions).toEqual([
        {
          by: "alice",
          decision: "Overridden",
          via: "kintsugi",
          override: { step: "s1", parameters: { memory: "1Gi" } },
          message: "we know this one",
        },
      ]);
      expect(ran.stdout).toContain("New plan requested (memory 1Gi) as alice. Nothing is approved yet");
    });

    test("names what is wanted in its question", async () => {
      const asked: string[] = [];
      const ask = async (question: string): Promise<string> => {
        asked.push(question);
        return "n";
      };
      const ran = await runKintsugi(["approve", request, "--set", "memory=1Gi"], serverOf(inNeedOfMemory), { isTerminal: true, ask });
      expect(ran.code).toBe(1);
      expect(asked).toEqual(["Request a new plan with (memory 1Gi) as alice? This approves nothing. [y/N] "]);
    });

    test.each([
      ["memory", /invalid; expected name=value/],
      ["=1Gi", /invalid; expected name=value/],
      ["memory=much", /memory: not a quantity/],
      ["image=evil:1", /increase_resources has no parameter image/],
    ])("%s is refused before anything is sent", async (text, sentence) => {
      const server = serverOf(inNeedOfMemory);
      const ran = await runKintsugi(["approve", request, "-y", "--set", text], server);
      expect(ran.code).not.toBe(0);
      expect(ran.stderr).toMatch(sentence);
      expect(approvalIn(server).spec.decisions).toEqual([]);
    });

    test("of a plan with several steps one has to be named", async () => {
      const twoSteps = (each: AIApprovalRequest): AIApprovalRequest => {
        const [step] = inNeedOfMemory(each).spec.steps;
        return { ...each, spec: { ...each.spec, steps: [step!, { ...step!, id: "s2" }] } };
      };
      const server = serverOf(twoSteps);
      expect((await runKintsugi(["approve", request, "-y", "--set", "memory=1Gi"], server)).stderr).toContain(
        "choose one with --step s1 or s2",
      );
      expect((await runKintsugi(["approve", request, "-y", "--set", "memory=1Gi", "--step", "s3"], server)).stderr).toContain(
        "has no step s3",
      );
      expect((await runKintsugi(["approve", request, "-y", "--set", "memory=1Gi", "--step", "s2"], server)).code).toBe(0);
    });

    test("of an action that this command does not know is refused", async () => {
      const strange = (each: AIApprovalRequest): AIApprovalRequest => ({
        ...each,
        spec: { ...each.spec, steps: [{ ...each.spec.steps[0]!, action: "fold_paper" }] },
      });
      expect((await runKintsugi(["approve", request, "-y", "--set", "a=b"], serverOf(strange))).stderr).toContain(
        "unknown action fold_paper",
      );
    });

    test("an overridden approval request cannot be decided; a decision goes to its successor", async () => {
      const gone = serverOf((each) => ({ ...each, status: { phase: "Overridden" } }));
      expect((await runKintsugi(["approve", request, "-y"], gone)).stderr).toContain("was replaced by a plan with other parameters");
      const old = approvalIn(gone);
      const next = { ...old, metadata: { ...old.metadata, name: `${approvalName}-2`, uid: "uid-2" }, status: {} };
      gone.objects.push(next);
      expect((await runKintsugi(["approve", request, "-y"], gone)).code).toBe(0);
      expect((gone.objects.at(-1) as AIApprovalRequest).spec.decisions).toHaveLength(1);
    });
  });

  test("with two approvers needed, one is not enough and says so", async () => {
    const ran = await runKintsugi(
      ["approve", request, "-y"],
      serverOf((each) => ({ ...each, spec: { ...each.spec, minApprovers: 2 } })),
    );
    expect(ran.stdout).toContain("1 of 2 approvals");
  });

  test("the right to decide is checked before the question is asked", async () => {
    const asked: string[] = [];
    const ask = async (question: string): Promise<string> => {
      asked.push(question);
      return "y";
    };
    const admit = (): void => {
      throw serverError(403, "Forbidden", "ValidatingAdmissionPolicy 'p' denied request: you are not among this approval's approvers");
    };
    const ran = await runKintsugi(["approve", request], { ...serverOf(), admit }, { isTerminal: true, ask });
    expect({ code: ran.code, asked, shown: ran.stdout }).toEqual({ code: 1, asked: [], shown: "" });
    expect(ran.stderr).toContain("Approvers: user alice or group shop-oncall.");
  });

  test("-o json prints the approval and nothing else", async () => {
    const ran = await runKintsugi(["approve", request, "-y", "-o", "json"], serverOf());
    expect((JSON.parse(ran.stdout) as AIApprovalRequest).spec.decisions).toHaveLength(1);
  });

  test("a user who is not an approver gets the refusal of the API server, with the approvers", async () => {
    const admit = (): void => {
      const message = `aiapprovalrequests.kintsugi.dev "${approvalName}" is forbidden: ValidatingAdmissionPolicy 'kintsugi-system-approvals' with binding 'kintsugi-system-approvals' denied request: you are not among this approval's approvers`;
      throw serverError(422, "Invalid", message, `patch AIApprovalRequest kintsugi-system/${approvalName}`);
    };
    const ran = await runKintsugi(
      ["approve", request, "-y"],
      serverOf((each) => each, { admit, answers: whoAmIAnswer("mallory") }),
    );
    expect(ran.code).toBe(1);
    expect(ran.stderr).toBe(
      `kintsugi: mallory is not an approver of ${approvalName}\nApprovers: user alice or group shop-oncall. If you may impersonate: --as <user> --as-group shop-oncall\n`,
    );
  });

  test("who has no rights at all gets exit code 2", async () => {
    const admit = (): void => {
      throw serverError(403, "Forbidden", 'User "bob" cannot patch resource "aiapprovalrequests"', "patch");
    };
    expect(
      (
        await runKintsugi(
          ["approve", request, "-y"],
          serverOf((each) => each, { admit }),
        )
      ).code,
    ).toBe(2);
  });

  test("an approval that was replaced between the look and the decision is not decided", async () => {
    const server = serverOf();
    const ask = async (): Promise<string> => {
      const old = approvalIn(server);
      server.objects[server.objects.indexOf(old)] = { ...old, metadata: { ...old.metadata, uid: "another" } };
      return "yes";
    };
    const ran = await runKintsugi(["approve", request], server, { isTerminal: true, ask });
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.stderr).toContain("has changed since it was shown");
    expect(approvalIn(server).spec.decisions).toEqual([]);
  });

  test.each([
    ["Approved", { phase: "Approved" as const }, /is already Approved/],
    ["Void", { phase: "Void" as const }, /is void: its target changed/],
    ["Expired", { phase: "Expired" as const }, /expired at/],
  ])("an approval that is %s cannot be decided again", async (_, status, sentence) => {
    const ran = await runKintsugi(
      ["approve", request, "-y"],
      serverOf((each) => ({ ...each, status })),
    );
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(sentence);
  });

  test("an approval past its time has expired, whatever its phase still says", async () => {
    const clock = createManualClock(sampleStart + 5 * 3_600_000);
    const ran = await runKintsugi(["approve", request, "-y"], serverOf(), { clock });
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.stderr).toContain("expired at");
  });

  test("a second decision of the same person is refused here already", async () => {
    const mine = { by: "alice", decision: "Rejected" as const };
    const ran = await runKintsugi(
      ["approve", request, "-y"],
      serverOf((each) => ({ ...each, spec: { ...each.spec, decisions: [mine], minApprovers: 2 } })),
    );
    expect(ran.stderr).toContain("you (alice) have already decided");
    expect(ran.code).toBe(1);
  });

  test("a request without an approval request shows its phase", async () => {
    const done = remediatedSample();
    const ran = await runKintsugi(["approve", request, "-y"], { objects: [done.request], answers: whoAmIAnswer("alice") });
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.stderr).toContain("does not ask for approval: it is Completed (Remediated)");
  });

  test("a decided approval names who decided", async () => {
    const done = approvedSample();
    const ran = await runKintsugi(["approve", request, "-y"], { objects: [done.request, ...done.approvals], answers: whoAmIAnswer("bob") });
    expect(ran.stderr).toContain("by alice (Approved)");
  });

  test("an API server that does not say who I am is too old", async () => {
    const answers = { "POST /apis/authentication.k8s.io/v1/selfsubjectreviews": { status: {} } };
    expect(
      (
        await runKintsugi(
          ["approve", request, "-y"],
          serverOf((each) => each, { answers }),
        )
      ).stderr,
    ).toContain("does not say who you are");
  });
});

describe("cancel", () => {
  test("asks the request to stop, and says how to follow it", async () => {
    const server = serverOf();
    const ran = await runKintsugi(["cancel", request, "-m", "by hand"], server, terminal("y"));
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain(`Cancellation of ${request} requested as alice`);
    expect(server.objects[0]).toMatchObject({ spec: { cancel: { by: "alice", message: "by hand" } } });
    const again = await runKintsugi(["cancel", request, "-y"], server);
    expect(again).toMatchObject({ code: 1 });
    expect(again.stderr).toContain("is already being cancelled by alice");
  });

  test("what has ended cannot be cancelled", async () => {
    const ran = await runKintsugi(["cancel", request, "-y"], { objects: [remediatedSample().request] });
    expect(ran).toMatchObject({ code: 1, stderr: `kintsugi: ${request} has already ended: Completed\n` });
  });

  test("a request that was replaced between the look and the yes is left alone", async () => {
    const server = serverOf();
    const ask = async (): Promise<string> => {
      server.objects[0] = { ...waiting.request, metadata: { ...waiting.request.metadata, uid: "another" } };
      return "y";
    };
    const ran = await runKintsugi(["cancel", request], server, { isTerminal: true, ask });
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.stderr).toContain("was replaced by another request");
    const admit = (): void => {
      throw serverError(403, "Forbidden", "no");
    };
    expect(
      (
        await runKintsugi(
          ["cancel", request, "-y"],
          serverOf((each) => each, { admit }),
        )
      ).code,
    ).toBe(2);
  });

  test("-o json prints the request; a refusal to answer yes does nothing", async () => {
    const ran = await runKintsugi(["cancel", request, "-y", "-o", "json"], serverOf());
    expect(JSON.parse(ran.stdout)).toMatchObject({ spec: { cancel: { by: "alice" } } });
    expect((await runKintsugi(["cancel", request], serverOf(), terminal("no"))).code).toBe(1);
  });
});
