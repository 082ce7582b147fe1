// What programs say when a name has no address, and whether the name or the asking is at fault: no answer from a nameserver is not the same as
// the answer that there is no such name. Pure.

/** No nameserver answered, or none could: the name itself may be fine. */
export const unanswered =
  /Temporary failure in name resolution|EAI_AGAIN|lookup \S+ on \S+: (?:read udp \S+: (?:i\/o timeout|read: connection refused)|dial udp)|lookup \S+: (?:i\/o timeout|Try again)|server misbehaving|DNS resolution failed|[Tt]imed? ?out (?:while )?resolving|connection timed out; no servers could be reached/;

/** A nameserver answered that there is no such name (or the program does not tell the difference). */
export const noSuchName =
  /UnknownHostException|no such host|ENOTFOUND|Name or service not known|could not translate host name|NXDOMAIN|Could not resolve host|bad address '/;
