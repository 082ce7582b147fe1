// Decides by its words whether a name holds a secret: `DB_PASS`, `clientSecret`, `spring.datasource.password`. Pure; never looks at the value.

/** `secret`: the value is one. `likely`: it is one where it looks random. */
export type Grade = "secret" | "likely";

const wordSet = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/).filter((word) => word !== ""));

/** Secret wherever they occur in a name. */
const strong = wordSet(`
  pass pw pwd psw passwd passwds password passwords passphrase passphrases passcode passcodes passkey passkeys passwort kennwort
  secret secrets token tokens credential credentials cred creds apikey apikeys authkey accesskey secretkey privatekey masterkey
  dockerconfigjson dockercfg jaas mnemonic
`);

/** Secret as the last word of a name. */
const weak = wordSet(`
  auth authorization cookie cookies salt pepper pin psk otp totp seed signature sig sid sessionid phpsessid jsessionid xoauth hmac
`);

/** A key with one of these before it: `ENCRYPTION_KEY`, `tls.key`. */
const keyQualifiers = wordSet(`
  api access private secret encryption encrypt enc crypt crypto cipher master license licence jwt jws jwe jwk app application subscription
  function functions account shared signing sign ssh tls ssl auth authentication authorization client server storage integration ingest
  write read admin deploy deployment hmac aes rsa ec ecdsa ed25519 dsa des session cookie webhook root bot consumer stream dkim gpg pgp wireguard
  preshared psk age sops service hash security decrypt decryption kms vault unseal recovery pull project org internal token bearer
  bucket s3 gcs azure aws gcp google stripe openai anthropic datadog dd sendgrid twilio mailgun mailchimp github gitlab slack algolia
  pagerduty opsgenie newrelic sentry segment rollbar honeycomb snyk sonar npm pypi nuget cosign symmetric identity ca etcd kubelet relic
`);

/** What only points at a secret, or says something about one: a diagnosis depends on it. Counts as the last word alone. */
const harmless = wordSet(`
  name names ref refs reference references namespace namespaces id ids uid identifier path paths file files filename dir directory folder
  count counts used usage remaining quota limit limits budget expiry expires expired expiration expire at in on by seconds second sec secs
  minutes minute ms millis days hours ttl age lifetime duration timeout timeouts interval period delay type types kind kinds policy policies provider
  providers version versions review reviews url urls uri uris endpoint endpoints host hosts hostname port ports addr address server
  length len size min max enabled disabled enable disable required optional mode modes method methods algorithm alg format encoding
  issuer audience audiences aud iss scope scopes role roles user users username email owner group groups status state reason error errors
  message msg controller manager store stores class driver projection volume mount mounts volumes selector label labels annotation
  annotations request requests requested response generator creator rotation rotate prefix suffix pattern field fields header headers
  param parameter parameters column table schema source sources strategy retry retries attempts valid invalid validity exists hint description title
  template authentication authenticator authorizer signer cleaner lookup resolver operator plugin helper stdin prompt region zone domain realm
  service services svc account accounts automount automounting binding bindings yaml yml json txt md go py js ts java rb sh conf cfg ini toml properties log
  crt cert certs certificate ca pub public rules rule charset strength complexity history reader writer watcher injector reloader syncer
  budgetseconds deprecated missing notfound
`);

/** They say how a value is written, not what it is. */
const transparent = wordSet("data value values string text raw plain plaintext b64 base64 encoded val content contents default");

/** `requirepass`, `authtoken`: words that programs write without a border. */
const strongEndings = [
  "password",
  "passwd",
  "passphrase",
  "passcode",
  "secret",
  "token",
  "credential",
  "credentials",
  "apikey",
  "accesskey",
  "secretkey",
  "privatekey",
  "pwd",
  "pass",
] as const;
const notEndings = wordSet("bypass compass trespass overpass surpass underpass encompass oauth");
const weakEndings = ["auth", "cookie", "sessid", "sessionid"] as const;
const strongStarts = ["password", "passwd", "passphrase", "secret", "token", "credential", "apikey"] as const;

const maxNameLength = 200;

/** Lower case, split at every border: case, digits at the end, `_`, `-`, `.`, anything that is no letter. */
export const wordsOf = (name: string): readonly string[] =>
  name
    .slice(-maxNameLength)
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .flatMap(withoutBorder)
    .filter((word) => word !== "" && !isDigits(word));

/** `password2` */
const withoutNumber = (word: string): string => {
  let end = word.length;
  while (end > 0 && isDigits(word[end - 1] ?? "")) end -= 1;
  return word.slice(0, end);
};

const isDigits = (text: string): boolean => /^\d+$/.test(text);

const withoutBorder = (raw: string): readonly string[] => {
  const word = withoutNumber(raw);
  if (word === "" || strong.has(word) || weak.has(word) || harmless.has(word) || notEndings.has(word)) return [word === "" ? raw : word];
  for (const start of strongStarts)
    if (word.startsWith(start) && harmless.has(word.slice(start.length))) return [start, word.slice(start.length)];
  for (const ending of strongEndings) if (word.endsWith(ending)) return [word.slice(0, -ending.length), ending];
  for (const ending of weakEndings) if (word.endsWith(ending)) return [word.slice(0, -ending.length), ending];
  return word.length > 3 && word.endsWith("key") && keyQualifiers.has(word.slice(0, -3)) ? [word.slice(0, -3), "key"] : [word];
};

export const gradeOfName = (name: string): Grade | undefined => gradeOfWords(wordsOf(name));

export const gradeOfWords = (all: readonly string[]): Grade | undefined => {
  let words = all;
  while (words.length > 1 && transparent.has(words.at(-1) ?? "")) words = words.slice(0, -1);
  const last = words.at(-1);
  if (last === undefined) return undefined;
  const before = words.at(-2) ?? "";
  if (isLink(last)) return words.includes("webhook") || words.includes("hook") ? "secret" : undefined;
  if (last === "webhook") return words.some((word) => ["slack", "discord", "teams", "mattermost"].includes(word)) ? "secret" : undefined;
  if (words.some((word) => strong.has(word))) {
    // `VAULT_DEV_ROOT_TOKEN_ID` and `secret_id` of Vault are secrets themselves.
    if (last === "id") return ["token", "secret"].includes(before) ? "secret" : undefined;
    // `existingSecret` and `imagePullSecrets` name an object.
    if (harmless.has(last) || (/^secrets?$/.test(last) && ["existing", "pull"].includes(words.includes("existing") ? "existing" : before)))
      return undefined;
    return "secret";
  }
  if (last === "id") return before === "session" ? "secret" : undefined;
  if (last === "key" || last === "keys") {
    if (["routing", "partition", "primary", "foreign", "sort", "cache", "public", "row", "object"].includes(before))
      return before === "routing" ? "likely" : undefined;
    return words.slice(0, -1).some((word) => keyQualifiers.has(word)) ? "secret" : "likely";
  }
  if (weak.has(last)) return "secret";
  if (last === "dsn" || (before === "connection" && last === "string")) return "likely";
  return ["license", "licence", "session", "code"].includes(last) ? "likely" : undefined;
};

const isLink = (word: string): boolean => ["url", "urls", "uri", "uris", "endpoint", "address"].includes(word);

/** Within a map under a secret's name, as `secrets: {name: …}`: keys whose values are no secrets. */
export const isHarmlessKey = (name: string): boolean => {
  const words = wordsOf(name);
  const last = words.at(-1) ?? "";
  return gradeOfWords(words) !== "secret" && (harmless.has(last) || last === "key" || last === "items");
};

/** Every value below this name is one: `passwords: [...]`, `secrets: {...}`; not below `auth:` or `session:`. */
export const holdsOnlySecrets = (name: string): boolean => {
  const words = wordsOf(name);
  return gradeOfWords(words) === "secret" && words.some((word) => strong.has(word));
};

/** Names of passwords: after these a quoted word is one also without a separator, `PASSWORD 'x'`. */
export const isPassword = (name: string): boolean =>
  /^(?:password|passwd|passphrase|passcode|pwd|pass|passwort|kennwort)$/.test(wordsOf(name).at(-1) ?? "");
