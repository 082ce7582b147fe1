// What a message means for an operator, whatever the runtime or client library that wrote it. Pure; the order decides where two fit.

export const meanings = [
  "unknown host",
  "connection refused",
  "connection reset",
  "pool exhausted",
  "timed out",
  "certificate",
  "authentication",
  "permission",
  "rate limited",
  "too many connections",
  "deadlock",
  "lock held",
  "schema mismatch",
  "no space",
  "read-only",
  "out of memory",
  "too many open files",
  "address in use",
  "missing file",
  "missing setting",
  "invalid configuration",
  "circuit open",
  "overloaded",
  "group membership",
  "cache missed",
  "slow",
  "server error",
  "syntax",
] as const;
export type Meaning = (typeof meanings)[number];

/** Every one of a meaning's expressions has to match. */
const patterns: Readonly<Record<Meaning, RegExp | readonly RegExp[]>> = {
  "unknown host":
    /no such host|unknown ?host|name or service not known|temporary failure in name resolution|ENOTFOUND|EAI_AGAIN|could not resolve|nodename nor servname|getaddrinfo|NXDOMAIN|name resolution failed|server misbehaving/i,
  "connection refused":
    /connection refused|ECONNREFUSED|connect\(\) failed|actively refused|no connection could be made|connection attempt failed/i,
  "connection reset":
    /connection reset|ECONNRESET|broken pipe|EPIPE|unexpected EOF|connection closed|server closed the connection|socket hang up|premature(?:ly)? (?:close|end)|upstream prematurely|connection aborted|remote end closed/i,
  "timed out":
    /timed? ?out|ETIMEDOUT|deadline exceeded|i\/o timeout|context canceled|timeout(?:error|exception)|ESOCKETTIMEDOUT|no response (?:from|within)|statement timeout/i,
  certificate:
    /x509|certificate (?:has expired|is not yet valid|verify failed|signed by unknown)|self[- ]signed|CERT_|unable to (?:verify|get local issuer)|SSL(?:HandshakeException|Error)|tls: |PKIX path|ssl handshake/i,
  authentication:
    /authentication failed|password authentication|access denied for user|invalid (?:credentials|password|api key|token)|unauthorized|\b401\b|NOAUTH|WRONGPASS|login failed|SASL|bad credentials|token (?:has )?expired|jwt expired|signature (?:is )?invalid/i,
  permission:
    /permission denied|EACCES|EPERM|operation not permitted|forbidden|\b403\b|access ?denied|not authorized|insufficient privilege|must be owner/i,
  "rate limited": /rate[- ]?limit|too many requests|\b429\b|throttl(?:ed|ing)|quota exceeded|retry[- ]after/i,
  "pool exhausted":
    /pool (?:is )?(?:exhausted|timeout|full)|QueuePool limit|connection is not available, request timed out|unable to acquire (?:a )?connection|timeout acquiring a connection|no (?:free|available) connections? in pool|pool limit/i,
  "too many connections":
    /too many (?:connections|clients)|remaining connection slots|max(?:imum)? (?:number of )?(?:clients|connections)(?: reached)?|max_connections/i,
  deadlock: /deadlock/i,
  "lock held":
    /lock (?:is )?(?:held|already)|could not (?:obtain|acquire) lock|lock wait timeout|database is locked|unable to (?:lock|acquire the lock)|already locked|lock file/i,
  "schema mismatch": [
    /\b(?:relation|table|column|schema|migrations?)\b/i,
    /does not exist|doesn't exist|no such (?:table|column)|unknown column|undefined column|\b(?:pending|required|version|incompatible)\b/i,
  ],
  "no space": /no space left|ENOSPC|disk (?:is )?full|not enough (?:disk )?space|disk quota exceeded|EDQUOT/i,
  "read-only": /read[- ]only (?:file ?system|transaction|replica|mode)|EROFS|READONLY|cannot execute \w+ in a read-only/i,
  "out of memory":
    /out ?of ?memory|OutOfMemoryError|heap (?:limit|space|out of memory)|cannot allocate memory|ENOMEM|GC overhead|std::bad_alloc|MemoryError|OOM command not allowed/i,
  "too many open files": /too many open files|EMFILE|ENFILE/i,
  "address in use": /address already in use|EADDRINUSE|bind: |port \d{1,5} (?:is )?(?:already )?in use/i,
  "missing file":
    /no such file|ENOENT|FileNotFound|cannot find (?:the )?(?:file|module)|MODULE_NOT_FOUND|ModuleNotFoundError|file not found|cannot open file/i,
  "missing setting": [
    /environment variable|\benv(?:ironment)?\b|\b(?:setting|variable|config|configuration|property|option)\b|KeyError: '[A-Z_]/i,
    /\b(?:not (?:set|found|defined)|missing|undefined|required|unset)\b|KeyError: '[A-Z_]/i,
  ],
  "invalid configuration":
    /invalid (?:config|configuration|value|argument|option|setting)|failed to (?:parse|load|read) (?:the )?config|unknown (?:directive|option|flag|field)|malformed/i,
  "circuit open":
    /circuit ?breaker|circuit is open|CallNotPermitted|upstream connect error or disconnect\/reset before headers|no healthy upstream|UH\b/i,
  overloaded:
    /max_children|worker_connections are not enough|(?:queue|buffer|backlog) (?:is |was )?full|backpressure|overhead, spent|thread starvation|event loop (?:is )?(?:blocked|lag)|(?:thread|worker|executor) ?pool .{0,40}(?:exhausted|full)|Rejected ?Execution|load shed|too busy|overloaded|no (?:free|idle|available) (?:workers?|threads?|slots?)/i,
  "group membership":
    /coordinator is not aware|CommitFailed|offset commit failed|rebalanc|NotLeader|not the leader|LEADER_NOT_AVAILABLE|no leader|lost (?:leadership|quorum|lease)|no quorum/i,
  "cache missed": /cache miss/i,
  slow: /slow (?:query|request|response|call|log|operation)|took too long|lagging behind|falling behind|consumer lag|\btakes [\d.]+ (?:s|min)\b/i,
  "server error":
    /\b50[0234]\b|internal server error|bad gateway|service unavailable|gateway timeout|upstream (?:returned|responded|request failed)|UNAVAILABLE/i,
  syntax:
    /syntax ?error|unexpected token|parse error|unexpected end of (?:json|input|file)|cannot unmarshal|json: |yaml: |invalid character/i,
};

const messageAtMost = 1000;

export const meaningOf = (message: string): Meaning | undefined => {
  const text = message.slice(0, messageAtMost);
  return meanings.find((meaning) => [patterns[meaning]].flat().every((pattern) => pattern.test(text)));
};
