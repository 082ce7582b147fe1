// `kintsugi explain-alert`: what became of an alert: the requests that it is part of and what policy allows there, or why it is part of none. Only reads.
import { ALERT_RECORDS_NAME, type AlertRecord, maxAlertRecords, parseAlertRecord } from "#api/alert-record.ts";
import { ConfigMaps } from "#api/kubernetes.ts";
import { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { referenceText } from "#api/object.ts";
import type { DefineCommand } from "#cli/command.ts";
import { refusal } from "#cli/failure.ts";
import { byAge } from "#cli/find.ts";
import type { Kube } from "#kube/client.ts";
import { isForbidden } from "#kube/errors.ts";
import { oneLine } from "#lib/plain-text.ts";

/** One answer, as `-o json` prints it. */
interface Answer {
  readonly answer: "joined" | "rejected" | "ignored" | "notStored";
  readonly alert: string;
  readonly fingerprint: string;
  /** The object that the request is about. */
  readonly target?: string;
  readonly request?: string;
  readonly phase?: string;
  readonly outcome?: string;
  readonly resolvedAt?: string;
  /** Whole sentences. */
  readonly reasons: readonly string[];
  /** When the alert was last received with this answer. */
  readonly at?: string;
}

export const define: DefineCommand = (command, run) => {
  command.argument("<alert>", "fingerprint or name (label alertname) of the alert").action((text: string) =>
    run(
      async (session) => {
        const kube = await session.kube();
        const namespace = session.kintsugiNamespace;
        const inScope = ({ spec }: RemediationRequest): boolean =>
          session.targetNamespace === undefined || spec.target.namespace === session.targetNamespace;
        const requests = (await kube.list(RemediationRequest, { namespace })).filter(inScope).toSorted(byAge);
        const joined = await Promise.all(
          requests.flatMap((request) => alertsOf(request, text).map((alert) => joinedAnswer(kube, request, alert))),
        );
        const answers = [...joined, ...(await unhandled(kube, namespace, text))];
        if (answers.length === 0)
          throw refusal(
            `no request contains alert "${text}", and the Gateway keeps no record of it`,
            `Either it has not reached the Gateway, or more than ${maxAlertRecords} other alerts came after it. Check the route of Alertmanager: kintsugi config alertmanager`,
          );
        session.answer(answers, () => answers.map(answerText).join("\n"));
        return 0;
      },
      { namespaces: "any" },
    )(),
  );
};

interface KnownAlert {
  readonly fingerprint: string;
  readonly name: string;
  readonly resolvedAt?: string | undefined;
}

const alertsOf = ({ spec, status }: RemediationRequest, text: string): readonly KnownAlert[] => {
  const { fingerprint, name } = spec.alert;
  const others = Object.entries(status?.alerts ?? {}).map(([key, alert]): KnownAlert => ({ fingerprint: key, ...alert }));
  const all = others.some((each) => each.fingerprint === fingerprint) ? others : [{ fingerprint, name }, ...others];
  return all.filter((each) => each.fingerprint === text || each.name === text);
};

const joinedAnswer = async (kube: Kube, request: RemediationRequest, alert: KnownAlert): Promise<Answer> => {
  const { metadata, spec, status } = request;
  return {
    answer: "joined",
    alert: alert.name,
    fingerprint: alert.fingerprint,
    target: referenceText(spec.target),
    request: metadata.name,
    phase: status?.phase ?? "Pending",
    ...(status?.outcome === undefined ? {} : { outcome: status.outcome }),
    ...(alert.resolvedAt === undefined ? {} : { resolvedAt: alert.resolvedAt }),
    reasons: [
      ...(spec.unresolved === undefined ? [] : [`Unresolved: ${spec.unresolved}.`]),
      ...(await policyReasons(kube, request)),
      ...(status?.message === undefined ? [] : [status.message]),
    ],
  };
};

/** What kept it from being repaired, as the last attempt saw it. */
const policyReasons = async (kube: Kube, { metadata, spec, status }: RemediationRequest): Promise<readonly string[]> => {
  const name = status?.attempts?.at(-1)?.processing;
  const processing = name === undefined ? undefined : await kube.get(RemediationProcessing, { namespace: metadata.namespace ?? "", name });
  const { managed, autonomy, protections = [] } = processing?.status ?? {};
  const holder = spec.target.namespace === undefined ? referenceText(spec.target) : `Namespace ${spec.target.namespace}`;
  return [
    ...(managed === false ? [`${holder} is not opted in: Kintsugi only diagnoses there.`] : []),
    ...protections.map((each) => `Protected: ${each}.`),
    ...(managed === true && autonomy !== undefined && autonomy !== "auto" ? [`Policy allows "${autonomy}" at most.`] : []),
  ];
};

const unhandled = async (kube: Kube, namespace: string, text: string): Promise<readonly Answer[]> => {
  const found = await kube.get(ConfigMaps, { namespace, name: ALERT_RECORDS_NAME }).catch((error: unknown) => {
    if (isForbidden(error))
      throw refusal(`no right to read ConfigMap ${namespace}/${ALERT_RECORDS_NAME}, where the Gateway records alerts without a request`);
    throw error;
  });
  return Object.entries(found?.data ?? {}).flatMap(([fingerprint, entry]) => {
    const record = parseAlertRecord(entry);
    return record !== undefined && (fingerprint === text || record.name === text) ? [recordAnswer(fingerprint, record)] : [];
  });
};

const recordAnswer = (fingerprint: string, { name, result, reason, at, status }: AlertRecord): Answer => ({
  answer: result,
  alert: name,
  fingerprint,
  reasons: [status === "resolved" && result === "ignored" ? `Resolved without a request: ${reason}.` : sentence(reason)],
  at,
});

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;

const titles: Readonly<Record<Answer["answer"], string>> = {
  joined: "part of a request",
  rejected: "rejected",
  ignored: "ignored",
  notStored: "not stored",
};

const answerText = (answer: Answer): string => {
  const { alert, fingerprint, request, target, phase, outcome, resolvedAt, reasons, at } = answer;
  return [
    `Alert ${oneLine(alert)} (${fingerprint}): ${titles[answer.answer]}`,
    ...(request === undefined
      ? []
      : [`  Request   ${request}, ${target ?? ""}: ${phase ?? ""}${outcome === undefined ? "" : `, ${outcome}`}`]),
    ...(resolvedAt === undefined ? [] : [`  Resolved  ${resolvedAt}`]),
    ...(at === undefined ? [] : [`  Received  ${at}`]),
    ...reasons.map((reason) => `  Reason    ${oneLine(reason)}`),
    ...(request === undefined ? [] : [`  Next      kintsugi describe ${request}`]),
    "",
  ].join("\n");
};
