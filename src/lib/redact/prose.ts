// Whether what follows `token:` is a sentence about the token rather than the token. Pure.

const wordSet = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/).filter((word) => word !== ""));

/** Words that sentences of programs begin with, and that are no passwords. */
const words = wordSet(`
  who whose whom what which how whether
  a an the this that these those it its they there here
  is are was were be been being has have had do does did can cannot could may might must shall should will would
  no not never none nor and or but if then else when while where because since until unless as at by for from in into of off on onto out over
  per to under up upon with within without via about above across after against along among around before behind below beside between beyond
  all any both each either every few many more most neither other some such only own same so than too very
  failed fails fail failure failing error errors exception fatal panic warning invalid illegal unknown unexpected unable unauthorized
  unauthenticated unsupported unset undefined undeclared unreadable unavailable missing required optional expected empty blank malformed
  incorrect wrong bad denied refused rejected forbidden revoked expired expires expiring exceeded
  got given found find using used use uses need needs needed want wants
  you your we our i he she his her their please try check see set specify provide provided run make ensure consider
  authentication authorization authenticated authorized permission access login signature certificate credential credentials password
  passwords token tokens secret secrets key keys value values field fields flag flags parameter name names namespace type object
  user users account serviceaccount serviceaccounts secretstore group request requests response server client connection connect volume volumes mount mounting
  pod pods container image configmap resource version cluster node file files directory path data string int bool number boolean
  context deadline timeout timed dial tcp eof io http https rpc code desc status get post put patch delete read write open opening
  reading writing parse parsing decode decoding encode load loading loaded create creating created update updating updated
  deleting deleted sync syncing syncing synced waiting wait retry retrying back-off backoff already still yet now again
  success successful successfully succeeded ok okay done ready available present absent disabled enabled default generated
  stringarray duration uint float uint32 int32 int64 stdin true false null nil yes too-long realm couldn't can't doesn't isn't wasn't won't don't didn't
  mismatch mismatched mismatches verification validation lookup length size count prompt policy store provider manager rotation rotated rotating
  scopes scope audience issuer rejected claims claim header headers body review reviewer controller
`);

const endings = /^[a-z]{3,}(?:ing|ed|tion|sion|ment|ly|able|ible|ness|ance|ence|ful|less)$/;

/** Also `Failed`, `FAILED`, `expired.`, `denied,`; not `Hunter2`. */
export const isProseWord = (raw: string): boolean => {
  const word = raw.replace(/[.,;:!?)\]'"]{1,4}$/, "").replace(/^[(['"]{1,2}/, "");
  if (!/^[A-Za-z][A-Za-z'-]{0,30}$/.test(word) && !/^(?:u?int|float)\d\d$/.test(word)) return false;
  const lower = word.toLowerCase();
  return words.has(lower) || endings.test(lower);
};

/** The next word and, where there is one, the word after it, of a text that begins where a value would. */
const start = /^\s*(\S{1,48})(?:[ \t]{1,4}(\S{1,48}))?/;

/**
 * A sentence: it begins with a word of sentences and goes on, or says in one word what is wrong (`token: expired`).
 * `line` is where the line ends.
 */
export const isProse = (text: string, at: number, line: number): boolean => {
  // `kubectl describe` tells of a Secret's key so, and of a variable's.
  if (
    /^\s*(?:\d{1,9} bytes\b|<(?:set to|none|nil|unset|unknown|invalid|hidden|masked|redacted)\b)/.test(
      text.slice(at, Math.min(line, at + 40)),
    )
  )
    return true;
  const rest = text.slice(at, Math.min(line, at + 120));
  // A chain of errors, `token: oauth2: cannot fetch`, and an answer, `401 Unauthorized`.
  if (/^\s*(?:[a-z][\w/.-]{1,40}: \S|[1-5]\d\d [A-Z][a-z])/.test(rest)) return true;
  const [, first = "", second] = start.exec(rest) ?? [];
  if (!isProseWord(first)) return false;
  return second !== undefined || alone.test(first);
};

const alone =
  /^(?:expired|invalid|missing|required|optional|unset|undefined|unknown|none|null|nil|empty|denied|refused|rejected|revoked|forbidden|unauthorized|unauthenticated|not[-_]?found|true|false|yes|no|on|off|ok|disabled|enabled|string|bool|int|eof|malformed|mismatch|generated|absent|present)[.,;:!?)\]}]{0,3}$/i;
