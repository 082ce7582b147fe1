// What the servers that programs keep connections to say when they refuse: each one's documented words, and the port it is known by. Pure data.

export interface Engine {
  readonly name: string;
  readonly port: number;
  /** What its drivers are called in stack traces and messages: whose connection it was. */
  readonly driver: RegExp;
  readonly full?: RegExp;
  readonly readOnly?: RegExp;
  readonly rejected: RegExp;
}

export const engines: readonly Engine[] = [
  {
    name: "MySQL",
    port: 3306,
    driver: /com\.mysql\.|org\.mariadb\.|Communications link failure|MySQL server|mysql2?\b|pymysql|go-sql-driver/i,
    // 1040 ER_CON_COUNT_ERROR, 1203 ER_TOO_MANY_USER_CONNECTIONS.
    full: /\bToo many connections\b|SQL Error: (?:1040|1203)\b|ERROR 1040\b|max_user_connections/,
    // 1290 ER_OPTION_PREVENTS_STATEMENT, 1836 ER_READ_ONLY_MODE.
    readOnly: /running with the --(?:super-)?read-only option|SQL Error: 1836\b|ERROR 1836\b|Running in read-only mode/,
    // 1045 ER_ACCESS_DENIED_ERROR, 1044 ER_DBACCESS_DENIED_ERROR.
    rejected: /\bAccess denied for user '|SQL Error: 104[45]\b|ERROR 104[45]\b/,
  },
  {
    name: "PostgreSQL",
    port: 5432,
    driver: /org\.postgresql\.|psycopg|postgres|\bpgx?\b|lib\/pq/i,
    full: /too many clients already|remaining connection slots are reserved/,
    readOnly: /cannot execute [A-Z ]+ in a read-only transaction/,
    rejected: /password authentication failed for user|no pg_hba\.conf entry for host/,
  },
  {
    name: "Redis",
    port: 6379,
    driver: /redis|jedis|lettuce/i,
    full: /max number of clients reached/,
    readOnly: /READONLY You can't write against a read only (?:replica|slave)/,
    rejected: /\bWRONGPASS\b|\bNOAUTH Authentication required|ERR invalid password/,
  },
  {
    name: "MongoDB",
    port: 27_017,
    driver: /mongo/i,
    full: /connection refused because too many open connections/,
    readOnly: /NotWritablePrimary|\bnot master\b/,
    rejected: /AuthenticationFailed|MongoSecurityException/,
  },
  { name: "RabbitMQ", port: 5672, driver: /amqp|rabbit/i, full: /connection limit \(\d+\) is reached/, rejected: /\bACCESS_REFUSED\b/ },
];
