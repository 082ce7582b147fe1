// Secrets known by their place: command lines (`mysql -px`, `curl -u a:x`), `.pgpass`, hashes of passwords, SQL. Pure.
import { isProseWord } from "#lib/redact/prose.ts";
import type { Scan } from "#lib/redact/spans.ts";
import { bareEnd, createFinder, lineEnd, quotedAt } from "#lib/redact/values.ts";

/** Programs, and their options that a password, or a user with one, follows. */
const programs =
  /\b(mysql(?:dump|admin|import|check|show)?|mariadb(?:-dump)?|curl|wget|redis-cli|valkey-cli|sshpass|mongo(?:sh|dump|restore)?|ldap(?:search|modify|add|whoami)|smbclient|(?:docker|podman|nerdctl|helm(?: registry)?|oras|crane auth|skopeo|oc|az|cf) login|rabbitmqadmin|rabbitmqctl|htpasswd|impala-shell|sqlcmd|sqlplus|expect|openssl|mosquitto_(?:pub|sub)|influx|snmpwalk|clickhouse-client|ipmitool)(?=\s)/g;

const options: readonly (readonly [program: RegExp, option: RegExp, kind: "whole" | "pair"])[] = [
  [/^(?:mysql|mariadb)/, /(?<=\s)-p(?=\S)/g, "whole"],
  [/^(?:curl|wget|influx)/, /(?<=\s)(?:-u|-U|--user|--proxy-user|--proxy-header)[ =]?/g, "pair"],
  [/^(?:redis|valkey)/, /(?<=\s)-a\s+/g, "whole"],
  [/^(?:sshpass|mongo|rabbitmqadmin|mosquitto|openssl)/, /(?<=\s)-(?:p|P)\s*(?=\S)/g, "whole"],
  [/^(?:docker|podman|nerdctl|helm|oras|crane|skopeo|oc|az|cf) /, /(?<=\s)-p[ =]?(?=\S)/g, "whole"],
  [/^ldap/, /(?<=\s)-w\s*/g, "whole"],
  [/^(?:sqlcmd|ipmitool)/, /(?<=\s)-P\s*/g, "whole"],
  [/^snmp/, /(?<=\s)-(?:A|X)\s*/g, "whole"],
  [/^smbclient/, /(?<=\s)-U\s*/g, "pair"],
];

export const scanRecords: Scan = (text, hide) => {
  const source = { text, finder: createFinder(text) };
  const calls = [...text.matchAll(programs)];
  for (const [index, found] of calls.entries()) {
    const start = found.index + found[0].length;
    const end = Math.min(lineEnd(source, start), start + 4096, calls[index + 1]?.index ?? text.length);
    const line = text.slice(start, end);
    for (const [program, option, kind] of options) {
      if (!program.test(found[1] ?? "")) continue;
      for (const use of line.matchAll(option)) {
        const at = start + use.index + use[0].length;
        const quoted = quotedAt(source, at);
        const from = quoted?.start ?? at;
        const to = quoted?.end ?? bareEnd(text, at);
        if (kind === "whole") hide(from, to);
        else hideSecondOfPair(text, from, to, hide);
      }
    }
  }
  for (const found of text.matchAll(userOption)) {
    const from = found.index + found[0].length;
    hideSecondOfPair(text, from, bareEnd(text, from), hide);
  }
  for (const found of text.matchAll(passwordFile))
    hide(found.index + found[0].length - (found[1] ?? "").length, found.index + found[0].length);
  let after = 0;
  for (const found of text.matchAll(passwordHash)) {
    if (found.index < after) continue;
    after = bareEnd(text, found.index);
    hide(found.index, after);
  }
  for (const found of text.matchAll(identified)) {
    const quoted = quotedAt(source, found.index + found[0].length);
    if (quoted !== undefined) hide(quoted.start, quoted.end);
  }
};

const hideSecondOfPair = (text: string, from: number, to: number, hide: (start: number, end: number) => void): void => {
  const pair = text.slice(from, Math.min(to, from + 4096));
  const border = pair.search(/[:%]/);
  if (border < 0 || pair.startsWith("//", border + 1)) return;
  const second = pair.slice(border + 1);
  // `1000:1000`, `nobody:nogroup`
  if (/^\d{1,6}$/.test(second) || /^(?:nogroup|root|users|wheel|staff|nobody)$/.test(second) || isProseWord(second)) return;
  hide(from + border + 1, to);
};

const userOption = /(?<![\w-])--(?:proxy-)?user(?:=|[ \t])["']?(?=[\w.@-]{1,100}:)/g;
/** `host:port:database:user:password`, alone on its line. */
const passwordFile = /^[\w.*-]{1,253}:(?:\d{3,5}|\*):(?:\*|[A-Za-z_][\w-]{0,62}):(?:\*|[A-Za-z_][\w-]{0,62}):(\S{1,4096})$/gm;
const passwordHash =
  /\$(?:apr1|1|2[abxy]?|5|6|y|7|scrypt|argon2(?:id?|d)|pbkdf2(?:-sha\d{1,3})?)\$(?=[\w./+=,$-]{8})|\{S?SHA(?:256|512)?\}(?=[A-Za-z0-9+/]{16})/g;
const identified = /\bIDENTIFIED (?:WITH [\w'"]{1,40} )?(?:BY|AS)(?: PASSWORD)? /gi;
