// Which Prometheus a person names: an address that is asked directly, a Service that is asked through the API server, or none.
import { instantQuery } from "#evidence/prometheus-queries.ts";
import type { PrometheusSource } from "#evidence/read-prometheus.ts";
import { misuse } from "#cli/failure.ts";
import type { HttpClient } from "#lib/http-client.ts";
import { trimmedEnd } from "#lib/trimmed-end.ts";

/** Undefined: none is asked. `text` absent: it is looked for. */
export const prometheusSource = (text: string | undefined, http: () => HttpClient): PrometheusSource | undefined => {
  if (text === undefined) return "look for it";
  if (text === "none") return undefined;
  if (/^https?:\/\//.test(text)) return atAddress(text, http());
  const service = /^([a-z0-9-]{1,63})\/((?:https?:)?[a-z0-9-]{1,63}(?::[a-zA-Z0-9-]{0,15})?)$/.exec(text);
  if (service === null) throw misuse(`"${text}" is not a Prometheus: use an address, namespace/service:port, or none`);
  return { namespace: service[1] ?? "", service: service[2] ?? "" };
};

const atAddress = (text: string, http: HttpClient): PrometheusSource => {
  if (!URL.canParse(text)) throw misuse(`"${text}" is not the address of a Prometheus`);
  const address = new URL(text);
  [address.search, address.hash] = ["", ""];
  const root = `${trimmedEnd(address.href, "/")}/`;
  return {
    // Without user and password, which may be before the host.
    name: address.host,
    ask: async (query, { timeoutMs, maxBytes, signal }) => {
      const url = `${root}${instantQuery(query, timeoutMs)}`;
      const answer = await http.send({ method: "GET", url, timeoutMs, maxBytes, signal });
      const isAnswer = answer.status === 200 || answer.text.startsWith("{");
      if (!isAnswer) throw new Error(`HTTP ${answer.status}`);
      try {
        return JSON.parse(answer.text) as unknown;
      } catch {
        throw new Error("the answer is not JSON");
      }
    },
  };
};
