// What programs say when a name has no address, and whether the name or the asking is at fault: no answer from a nameserver is not the same as
// the answer that there is no such name. Pure.

/** No nameserver answered, or none could: the name itself may be fine. */
export const unanswered =
  /Temporary failure in name resolution|EAI_AGAIN|lookup \S+ on \S+: (?:read udp \S+: (?:i\/o timeout|read: connection refused)|dial udp)|lookup \S+: (?:i\/o timeout|Try again)|server misbehaving|DNS resolution failed|[Tt]imed? ?out (?:while )?resolving|connection timed out; no servers could be reached/;

/** A nameserver answered that there is no such name (or the program does not distinguish). */
export const noSuchName =
  /UnknownHostException|no such host|ENOTFOUND|Name or service not known|could not translate host name|NXDOMAIN|Could not resolve host|bad address '/;

const host = "([a-z0-9][a-z0-9.-]{0,252})";
/** Where each runtime writes the name that it looked up. */
const hostForms: readonly RegExp[] = [
  new RegExp(`\\bENOTFOUND ${host}`, "i"),
  new RegExp(`UnknownHostException: ${host}`, "i"),
  new RegExp(`\\blookup ${host}(?: on \\S{1,100})?: no such host`, "i"),
  new RegExp(`could not translate host name "${host}"`, "i"),
  new RegExp(`Could not resolve host: ${host}`, "i"),
  new RegExp(`bad address '${host}'`, "i"),
  new RegExp(`Failed to resolve '${host}'`, "i"),
  new RegExp(`Name or service not known \\(${host}`, "i"),
  new RegExp(`Failed to open TCP connection to ${host}`, "i"),
];

/** The name that has no address, by the words of a program; undefined where they do not say which. */
export const hostNotFound = (line: string): string | undefined => {
  for (const form of hostForms) {
    const found = form.exec(line)?.[1];
    if (found !== undefined) return found.toLowerCase().replace(/\.$/, "");
  }
  return undefined;
};
