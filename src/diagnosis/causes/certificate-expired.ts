// A certificate outside its dates: clients refuse the connection and log why. The certificate itself is never read.
import { Services } from "#api/kubernetes.ts";
import { lineQuote, linesSaying } from "#diagnosis/log-lines.ts";
import { eventQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View } from "#diagnosis/view.ts";
import { escaped } from "#lib/escaped.ts";

/** The words of Go, OpenSSL (Python, curl, nginx), Node and the JDK. */
const expired =
  /certificate has expired|CERT_HAS_EXPIRED|CertificateExpiredException|certificate expired|CertificateNotYetValidException|certificate is not yet valid/i;

export const certificateExpired = cause({
  code: "CertificateExpired",
  title: "A certificate that has expired",
  reads: "The errors of programs and of the API server that refuse a certificate, and the Service that they call.",
  means: "The certificate of the called side is not valid now: it has expired, or is not valid yet because a clock is wrong.",
  needs: ["logs", "events"],
  // Any event may quote it.
  signs: ["log", "Pod"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      const lines = linesSaying(view, workload, expired);
      const events = view.eventsAround(workload).filter(({ type, message }) => type === "Warning" && expired.test(message));
      if (lines.length + events.length === 0) return [];
      const words = [...lines.map(({ text }) => text), ...events.map(({ message }) => message)];
      const service = view
        .all(Services, workload.reference.namespace)
        .find(({ metadata }) => words.some((text) => new RegExp(`(?<![A-Za-z0-9-])${escaped(metadata.name)}(?=[.:/]|$)`).test(text)));
      const dates = words.flatMap((text) => /current time (\S+) is (after|before) (\S+)/.exec(text) ?? [])[0];
      return [
        {
          ...{ workload, lines, events, service, dates },
          owner: service === undefined ? "the called server" : nameOf(service),
          reason: dates ?? "it has expired",
        },
      ];
    }),
  supports: [
    { is: "the Service with the certificate is known", holds: ({ service }) => service !== undefined || "unknown" },
    { is: "the error names the dates", holds: ({ dates }) => dates !== undefined || "unknown" },
    { is: "several lines or events report it", holds: ({ lines, events }) => lines.length + events.length > 1 || "unknown" },
  ],
  object: ({ workload, service }) => service ?? workload,
  says: "{workload} refuses the certificate of {owner}: {reason}.",
  chain: "the certificate of {owner} is not valid now → {workload} refuses the connection",
  quotes: ({ lines, events }) => [...lines.slice(0, 2).map(lineQuote), ...events.slice(0, 1).map(eventQuote)],
  explains: ({ workload }) => [workload],
  otherwise: "renew the certificate; if it is not valid yet, correct the clock",
});
