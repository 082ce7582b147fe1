// Text of the cluster that reads as an instruction to the investigator: reported as text, and never followed. Nothing here
// changes a finding: causes never read such text as anything but data; this only reports the attempt.
import { ConfigMaps } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import type { Quote } from "#api/fields.ts";
import { quote } from "#diagnosis/quotes.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

/** An order to forget orders, a claim of authority with a task, a verdict dictated, a command to run, a change of roles. */
const patterns: readonly RegExp[] = [
  /\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:previous|prior|above|earlier|all|any|your|the)\b.{0,30}\b(?:instructions?|rules|prompts?|context|policy|policies|guardrails?|guidelines)\b/i,
  /\b(?:SRE|operator|admin(?:istrator)?|system|security|platform|root|on-?call|runbook)\s+(?:directive|override|instruction|order|command|notice|message)\b\s*[:!—-]/i,
  /\b(?:set|report|use|with|assume)\b.{0,20}\bconfidence\b.{0,10}(?:0?\.\d+|1(?:\.0)?|\d{2,3} ?%)|\bconfidence\s{0,8}[:=]?\s{0,8}(?:0\.9\d*|1\.0|100 ?%)/i,
  /\b(?:you (?:must|should|are to|will|shall)|please|immediately|required action:?|remediation:?|(?:the )?(?:only|correct|right) fix is(?: to)?)\b.{0,40}\b(?:drain|cordon|delete|scale|restart|roll ?back|exec(?:ute)?|run|patch|apply|grant|disable|reboot|taint)\b.{0,60}\b(?:node|namespace|pods?|deployments?|cluster|secrets?|role|everything|all|kubectl|policy|webhook)\b/i,
  /\b(?:run|execute|paste|type)\b.{0,20}(?:`|"|')?\s*(?:kubectl|helm|curl|wget|bash|sh -c|rm -rf|sudo)\b/i,
  /(?:<\|?(?:im_start|im_end|system|assistant|user|endoftext)\|?>|\[\/?INST\]|<<SYS>>|\bBEGIN (?:SYSTEM|ADMIN) PROMPT\b|^[ \t]{0,40}(?:system|assistant)[ \t]{0,8}:\s{0,8}\S)/im,
  /\byou are (?:now )?(?:an?|the) (?:\w{1,24} ){0,3}(?:assistant|agent|AI|model|LLM|bot|SRE|operator)\b/i,
  /\b(?:AI|LLM|language model|assistant|agent|copilot|kintsugi|holmes(?:gpt)?)\b.{0,40}\b(?:must|should|shall|has to|is (?:authori[sz]ed|allowed|required|instructed) to|approved? to)\b/i,
  /\b(?:print|reveal|send|post|upload|exfiltrate|output|show)\b.{0,30}\b(?:the )?(?:secrets?|tokens?|passwords?|credentials|api[- ]?keys?|system prompt|kubeconfig)\b.{0,30}\b(?:to|in|here|at)\b/i,
  /\b(?:auto-?approved?|pre-?approved|approval (?:is )?(?:not (?:needed|required)|granted|waived)|no approval (?:is )?(?:needed|required))\b/i,
];

const maxFound = 10;
const maxScanned = 16 * 1024;
/** How much of the text around it is quoted. */
const around = 80;

export interface HostileText {
  /** The place and the words. */
  readonly quote: Quote;
}

/** Guarantees: at most ten, one for each object; long texts are looked at in their first 16 KiB. */
export const hostileTexts = (view: View): readonly HostileText[] => {
  const found = new Map<string, HostileText>();
  // Pods of one workload say the same in their labels and annotations.
  const known = new Map<string, string | undefined>();
  const look = (source: Quote["source"], object: string, text: string | undefined): void => {
    if (text === undefined || found.size >= maxFound || found.has(object)) return;
    if (!known.has(text)) known.set(text, hostileWords(text));
    const words = known.get(text);
    if (words !== undefined) found.set(object, { quote: quote(source, object, words) });
  };
  for (const object of view.evidence.objects) {
    const name = referenceText(referenceTo(object));
    for (const value of Object.values(object.metadata.annotations ?? {})) look("object", name, value);
    for (const value of Object.values(object.metadata.labels ?? {})) look("object", name, value);
  }
  for (const configMap of view.all(ConfigMaps))
    for (const value of Object.values(configMap.data ?? {})) look("object", referenceText(referenceTo(configMap)), value);
  for (const { namespace, pod, text } of view.evidence.logs) look("log", `Pod ${namespace}/${pod}`, text);
  for (const { object, message } of view.evidence.events) look("event", object, message);
  for (const { name, annotations, labels } of view.evidence.alerts)
    for (const value of [...Object.values(annotations), ...Object.values(labels)]) look("alert", name, value);
  for (const { name, labels } of view.evidence.firing) for (const value of Object.values(labels)) look("alert", name, value);
  return [...found.values()];
};

/** The words that read as an instruction, with some of the text around them; undefined where none do. */
export const hostileWords = (text: string): string | undefined => {
  const head = text.slice(0, maxScanned);
  for (const pattern of patterns) {
    const match = pattern.exec(head);
    if (match !== null) return head.slice(Math.max(0, match.index - around), match.index + match[0].length + around).trim();
  }
  return undefined;
};
