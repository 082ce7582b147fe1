// A certificate whose time is over: whoever checks it refuses the connection and says so. Its bytes are never read, the words are enough.
import { Services } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, eventQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { lineQuote, linesSaying } from "#diagnosis/log-lines.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";
import { escaped } from "#lib/escaped.ts";

const code = "CertificateExpired";

export const certificateExpired: Cause = {
  code,
  title: "A certificate that has expired",
  reads: "What programs and the API server say when they refuse a certificate, and which Service they were calling.",
  means: "The certificate that the called side shows is not valid now: expired, or not yet valid because a clock is wrong.",
  remedy: "Renew the certificate. If it is not valid yet, correct the clock.",
  find: (view) => view.workloads.flatMap((workload) => find(view, workload)),
};

/** As Go, OpenSSL (Python, curl, nginx), Node and the JDK word it. */
const expired =
  /certificate has expired|CERT_HAS_EXPIRED|CertificateExpiredException|certificate expired|CertificateNotYetValidException|certificate is not yet valid/i;

const find = (view: View, workload: Workload): readonly Assessment[] => {
  const lines = linesSaying(view, workload, expired);
  const events = view.eventsAround(workload).filter(({ type, message }) => type === "Warning" && expired.test(message));
  if (lines.length === 0 && events.length === 0) return [];
  const { reference } = workload;
  const words = [...lines.map(({ text }) => text), ...events.map(({ message }) => message)];
  const called = view
    .all(Services, reference.namespace)
    .find(({ metadata }) => words.some((text) => new RegExp(`(?<![A-Za-z0-9-])${escaped(metadata.name)}(?=[.:/]|$)`).test(text)));
  const object = called === undefined ? reference : referenceTo(called);
  const when = words.flatMap((text) => /current time (\S+) is (after|before) (\S+)/.exec(text) ?? [])[0];
  return [
    assess(
      code,
      {
        required: [{ claim: "a certificate is refused because of its dates", holds: true }],
        supporting: [
          { claim: "it is known whose it is", holds: called === undefined ? "unknown" : true },
          { claim: "its dates are told", holds: when === undefined ? "unknown" : true },
          { claim: "it is said now, in words of their own", holds: true, weight: 2 },
        ],
      },
      () => ({
        object,
        summary: `${referenceText(reference)} refuses the certificate ${called === undefined ? "of what it calls" : `of ${referenceText(object)}`}: ${when ?? "it has expired"}.`,
        chain: [
          `the certificate ${called === undefined ? "that is shown" : `of ${referenceText(object)}`} is not valid now`,
          `${referenceText(reference)} refuses the connection`,
        ],
        quotes: [...lines.slice(0, 2).map(lineQuote), ...events.slice(0, 1).map(eventQuote)],
        explains: [reference],
        facts: person("renew the certificate; if it is not valid yet, correct the clock"),
      }),
    ),
  ];
};
