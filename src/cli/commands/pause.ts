// `kintsugi pause` and `resume`: one RemediationPolicy that stops repairs from beginning, everywhere or in one namespace, and its removal.
import { API_VERSION } from "#api/define-kind.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { DefineCommand } from "#cli/command.ts";
import { consent } from "#cli/consent.ts";
import { durationMs } from "#cli/duration-option.ts";
import { refusal } from "#cli/failure.ts";
import { requireNamespace } from "#cli/namespaces.ts";
import { whoAmI } from "#cli/who-am-i.ts";
import { isAlreadyExists } from "#kube/errors.ts";
import { toTimestamp } from "#lib/clock.ts";
import { childName } from "#lib/names.ts";

export const definePause: DefineCommand = (command, run) => {
  command
    .option("-m, --message <text>", "reason; shown by the requests that wait", "no reason given")
    .option("--for <duration>", "end of the pause, such as 2h; by default it lasts until kintsugi resume", durationMs)
    .option("-y, --yes", "do not ask for confirmation")
    .addHelpText(
      "after",
      "\nWithout -n, the pause holds in every namespace. A repair that has begun is finished or undone.\nDiagnosis continues; requests wait as Blocked.",
    )
    .action((options: { message: string; for?: number; yes?: true }) =>
      run(
        async (session) => {
          const kube = await session.kube();
          const { targetNamespace: namespace, kintsugiNamespace } = session;
          if (namespace !== undefined) await requireNamespace(kube, namespace, session.deps.signal);
          const place = placeText(namespace);
          await consent(session, options.yes === true ? "given" : "asked", `Pause all repairs ${place}?`);
          const { name: by } = await whoAmI(kube);
          const now = session.deps.clock.now();
          const policy = {
            apiVersion: API_VERSION,
            kind: "RemediationPolicy",
            metadata: { name: policyName(namespace), namespace: kintsugiNamespace },
            spec: { freezes: [freezeFor(namespace, `paused by ${by}: ${options.message}`, now, options.for)] },
          };
          const key = { namespace: kintsugiNamespace, name: policy.metadata.name };
          const paused = await kube.create(RemediationPolicy, policy).catch((error: unknown) => {
            if (!isAlreadyExists(error)) throw error;
            return kube.mergePatch(RemediationPolicy, key, { spec: policy.spec });
          });
          session.answer(
            paused,
            () => `Repairs ${place} are paused. Resume with: kintsugi resume${namespace === undefined ? "" : ` -n ${namespace}`}\n`,
          );
          return 0;
        },
        { namespaces: "one" },
      )(),
    );
};

export const defineResume: DefineCommand = (command, run) => {
  command.action(() =>
    run(
      async (session) => {
        const kube = await session.kube();
        const { targetNamespace: namespace, kintsugiNamespace } = session;
        const key = { namespace: kintsugiNamespace, name: policyName(namespace) };
        const place = placeText(namespace);
        if ((await kube.delete(RemediationPolicy, key)) === "gone")
          throw refusal(`repairs ${place} are not paused by kintsugi pause`, "kintsugi policy explain <object> shows what holds repairs.");
        session.answer({ resumed: namespace ?? "all namespaces" }, () => `Repairs ${place} are resumed.\n`);
        return 0;
      },
      { namespaces: "one" },
    )(),
  );
};

const policyName = (namespace: string | undefined): string => (namespace === undefined ? "pause" : childName("pause", namespace));

const placeText = (namespace: string | undefined): string => (namespace === undefined ? "in all namespaces" : `in namespace ${namespace}`);

/** Times of Kubernetes have four digits for the year. */
const noEnd = "9999-12-31T23:59:59Z";
const nameAtMost = 200;

const freezeFor = (
  namespace: string | undefined,
  name: string,
  now: number,
  forMs: number | undefined,
): NonNullable<RemediationPolicy["spec"]["freezes"]>[number] => ({
  name: name.slice(0, nameAtMost),
  from: toTimestamp(now - clockSkewMs),
  to: forMs === undefined ? noEnd : toTimestamp(now + forMs),
  ...(namespace === undefined ? {} : { when: `target.namespace == ${JSON.stringify(namespace)}` }),
});

/** The controllers' clock may be behind this machine's: a pause holds at once all the same. */
const clockSkewMs = 600_000;
