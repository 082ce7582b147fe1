// `kintsugi close`: ends a request that waits for a person or for another request. Sets one field; the controllers end it.
import { isTerminal } from "#api/define-kind.ts";
import { isWaitingPhase, RemediationRequest, requestTransitions } from "#api/kinds/remediation-request.ts";
import { referenceText } from "#api/object.ts";
import type { DefineCommand } from "#cli/command.ts";
import { consent } from "#cli/consent.ts";
import { refusal } from "#cli/failure.ts";
import { findRequest } from "#cli/find.ts";
import { kindAndName, requestArguments } from "#cli/reference.ts";
import { whoAmI } from "#cli/who-am-i.ts";
import { isGuardFailed } from "#kube/errors.ts";

export const define: DefineCommand = (command, run) => {
  requestArguments(command)
    .requiredOption("-m, --message <text>", "reason; stored with the request")
    .option("-y, --yes", "do not ask for confirmation")
    .action((first: string, second: string | undefined, options: { message: string; yes?: true }) =>
      run(
        async (session) => {
          const kube = await session.kube();
          const request = await findRequest(kube, session, kindAndName(first, second));
          const { name, namespace, uid } = request.metadata;
          const { phase = "Pending", message: answer = "" } = request.status ?? {};
          if (isTerminal(requestTransitions, phase)) throw refusal(`${name} has already ended: ${phase}`);
          if (request.spec.close !== undefined) throw refusal(`${name} was already closed by ${request.spec.close.by}`);
          if (!isWaitingPhase(phase))
            throw refusal(`${name} is ${phase}: Kintsugi is working on it`, `To stop it, run: kintsugi cancel ${name}`);
          const { name: by } = await whoAmI(kube);
          const about = `Close ${name} for ${referenceText(request.spec.target)}? It is ${phase}: ${answer}`;
          await consent(session, options.yes === true ? "given" : "asked", about);
          try {
            const closed = await kube.jsonPatch(RemediationRequest, { namespace, name }, [
              { op: "test", path: "/metadata/uid", value: uid },
              { op: "add", path: "/spec/close", value: { by, message: options.message } },
            ]);
            session.answer(closed, () => `Closed ${name} as ${by}. If its alert fires after the cool-off, Kintsugi opens a new request.\n`);
          } catch (error) {
            if (isGuardFailed(error)) throw refusal(`${name} was replaced by another request; run the command again`);
            throw error;
          }
          return 0;
        },
        { namespaces: "any" },
      )(),
    );
};
