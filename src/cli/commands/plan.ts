// `kintsugi plan`: what Kintsugi would find and do about one object, right now. Only reads.
import type { Reference } from "#api/fields.ts";
import { builtInTypes } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import type { DefineCommand } from "#cli/command.ts";
import { planPreview } from "#cli/plan-preview.ts";
import { missingObject, objectAsked } from "#cli/missing-object.ts";
import { ownRequest, readRequests } from "#cli/own-requests.ts";
import { requestCommand, requestText } from "#cli/render/diagnosis-words.ts";
import { paragraph } from "#cli/render/page.ts";
import { attemptText } from "#cli/render/story-attempt-text.ts";
import type { AttemptStory } from "#story/story.ts";
import type { Session } from "#cli/session.ts";
import { liveRoot } from "#cluster/live-root.ts";
import { activeRequest, type OwnRequest } from "#investigation/own-changes.ts";

export const define: DefineCommand = (command, run) => {
  command
    .argument("<kind/name>", "such as deployment/web or deployment web")
    .argument("[name]", "name of the object, if only its kind was given")
    .option("--alert <name>", "plan as if this alert were firing", "manual")
    .addHelpText("after", "\nExit code 0: a repair is planned, or no problem was found; 1: a manual fix is needed.")
    .action((first: string, second: string | undefined, options: { alert: string }) =>
      run(
        async (session) => {
          const kube = await session.kube();
          const asking = { kube, namespace: session.targetNamespace ?? kube.namespace, types: builtInTypes, signal: session.deps.signal };
          const asked = await objectAsked(asking, first, second);
          const { clock, signal } = session.deps;
          const root = await liveRoot(kube, asked, signal);
          if (root === undefined) throw await missingObject(asking, asked);
          const diagnoser = await session.deps.openDiagnoser?.();
          const deps = { kube, clock, namespace: session.kintsugiNamespace, signal, diagnoser };
          const { reference: target, object } = root;
          const requests = await readRequests(kube, session.kintsugiNamespace, signal);
          let attempt: AttemptStory;
          try {
            attempt = await planPreview(deps, { target, object, alertName: options.alert, requests });
          } finally {
            await diagnoser?.close();
          }
          const request = activeRequest(requests.map(ownRequest), [target]);
          if (session.data === undefined) session.print(previewText(session, asked, { target, attempt }, request));
          else {
            const active = request === undefined ? {} : { request: { name: request.name, phase: request.phase } };
            session.printData({ target, ...active, ...attempt });
          }
          return exitCode(attempt);
        },
        { namespaces: "one" },
      )(),
    );
};

interface Preview {
  readonly target: Reference;
  readonly attempt: AttemptStory;
}

const previewText = (session: Session, asked: Reference, { target, attempt }: Preview, request: OwnRequest | undefined): string => {
  const { page } = session;
  const of = referenceText(asked) === referenceText(target) ? [] : paragraph(page, 1, `${referenceText(asked)} is a part of it.`);
  const lines = [
    `${page.paint.bold(referenceText(target))}  ${request === undefined ? conclusion(attempt) : requestText(request)}`,
    ...of,
    ...(request === undefined ? [] : paragraph(page, 1, `Next: ${requestCommand(request)}`)),
    // As a request that is still open: nothing here has happened.
    ...attemptText(page, { namespace: session.kintsugiNamespace }, attempt, undefined),
    "",
    "Nothing was changed.",
  ];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
};

const conclusion = ({ cause, considered }: AttemptStory): string => {
  if (cause?.verdict === "Healthy") return "no problem found";
  const plan = considered?.chosen;
  if (plan?.autonomy === "auto") return "Kintsugi would repair this without approval";
  if (plan?.autonomy === "approve") return "Kintsugi would ask for approval, then repair this";
  return considered?.others[0] === undefined ? "manual fix needed" : "Kintsugi would propose a repair";
};

const exitCode = ({ cause, considered }: AttemptStory): number =>
  cause?.verdict === "Healthy" || considered?.chosen !== undefined || considered?.others[0] !== undefined ? 0 : 1;
