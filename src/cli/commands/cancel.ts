// `kintsugi cancel`: asks a request to stop. What has begun is ended in order by the controllers; this sets one field.
import { isTerminal } from "#api/define-kind.ts";
import { RemediationRequest, requestTransitions } from "#api/kinds/remediation-request.ts";
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
    .option("-m, --message <text>", "reason; stored with the request")
    .option("-y, --yes", "do not ask for confirmation")
    .action((first: string, second: string | undefined, options: { message?: string; yes?: true }) =>
      run(
        async (session) => {
          const kube = await session.kube();
          const request = await findRequest(kube, session, kindAndName(first, second));
          const { name, namespace, uid } = request.metadata;
          const phase = request.status?.phase ?? "Pending";
          if (isTerminal(requestTransitions, phase)) throw refusal(`${name} has already ended: ${phase}`);
          if (request.spec.cancel !== undefined) throw refusal(`${name} is already being cancelled by ${request.spec.cancel.by}`);
          const { name: by } = await whoAmI(kube);
          await consent(
            session,
            options.yes === true ? "given" : "asked",
            `Cancel ${name} for ${referenceText(request.spec.target)}, which is ${phase}?`,
          );
          try {
            const cancelled = await kube.jsonPatch(RemediationRequest, { namespace, name }, [
              { op: "test", path: "/metadata/uid", value: uid },
              { op: "add", path: "/spec/cancel", value: { by, ...(options.message === undefined ? {} : { message: options.message }) } },
            ]);
            session.answer(
              cancelled,
              () => `Cancellation of ${name} requested as ${by}. Follow it with: kintsugi get rr ${name} --watch\n`,
            );
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
