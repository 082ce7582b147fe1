// Faults that only the log of a healthy pod shows, each in the words of the program or client library that reports it. Data.
import { every, iso, type Line, plain } from "#test/log-faults/log-cluster.ts";

export interface LogFault {
  readonly logs: Readonly<Record<string, readonly Line[]>>;
  /** What the finding names. */
  readonly object: string;
  /** Words of the message that decides, in the headline. */
  readonly says: string;
  /** The least count that the finding states. */
  readonly least: number;
  /** UTC, hour and minute of the first occurrence, where the program logs a time. */
  readonly since?: string;
}

const minute = 60;
const web = (lines: readonly Line[]): LogFault["logs"] => ({ web: lines });

export const logFaults: Readonly<Record<string, LogFault>> = {
  "a connection pool that is exhausted (HikariCP, Spring Boot)": {
    logs: web(
      every(
        5,
        20 * minute,
        0,
        (at, index) =>
          `${plain(at)} ERROR 1 --- [nio-8080-exec-${index % 9}] o.a.c.c.C.[.[.[/].[dispatcherServlet]    : Servlet.service() for servlet [dispatcherServlet] threw exception\n` +
          "org.springframework.jdbc.CannotGetJdbcConnectionException: Failed to obtain JDBC Connection\n" +
          "\tat org.springframework.jdbc.datasource.DataSourceUtils.getConnection(DataSourceUtils.java:84)\n".repeat(12) +
          "Caused by: java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 30000ms.\n" +
          "\tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:696)\n".repeat(6) +
          "\t... 52 more",
      ),
    ),
    object: "web",
    says: "HikariPool-1 - Connection is not available",
    least: 20,
    since: "13:4",
  },
  "a connection pool that is exhausted (SQLAlchemy)": {
    logs: web(
      every(
        20,
        10 * minute,
        0,
        (at) =>
          `${plain(at).replace(".", ",")} ERROR [gunicorn.error] Exception on /orders [GET]\n` +
          "Traceback (most recent call last):\n" +
          '  File "/usr/lib/python3.12/site-packages/flask/app.py", line 1473, in wsgi_app\n    response = self.full_dispatch_request()\n'.repeat(
            9,
          ) +
          "sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00",
      ),
    ),
    object: "web",
    says: "QueuePool limit of size 5",
    least: 10,
    since: "13:50",
  },
  "a proxy that was reloaded with a wrong upstream address (nginx)": {
    logs: web(
      every(
        2,
        5 * minute,
        0,
        (at, index) =>
          `${plain(at).slice(0, 19).replaceAll("-", "/")} [error] 29#29: *${183 + index} connect() failed (111: Connection refused) while connecting to upstream, client: 10.1.0.${index % 200}, server: _, request: "GET /cart HTTP/1.1", upstream: "http://10.2.0.9:8081/cart", host: "shop.example"`,
      ),
    ),
    object: "web",
    says: "Connection refused",
    least: 60,
    since: "13:55",
  },
  "a route without a healthy host (Envoy access log)": {
    logs: web(
      every(
        1,
        3 * minute,
        0,
        (at, index) =>
          `[${iso(at)}] "POST /charge HTTP/1.1" 503 UH no_healthy_upstream - "-" 91 19 0 - "10.1.0.${index % 200}" "curl/8" "f1e2-${index}" "payments:8080" "-"`,
      ),
    ),
    object: "web",
    says: "POST /charge answered 503",
    least: 100,
    since: "13:57",
  },
  "one endpoint that is slow (access log with durations)": {
    logs: web([
      ...every(
        2,
        30 * minute,
        0,
        (at) =>
          `[GIN] ${plain(at).slice(0, 19).replaceAll("-", "/").replace(" ", " - ")} | 200 |   12.4ms | 10.1.1.1 | GET      "/api/items"`,
      ),
      ...every(
        10,
        30 * minute,
        0,
        (at) =>
          `[GIN] ${plain(at).slice(0, 19).replaceAll("-", "/").replace(" ", " - ")} | 200 |    8.231s | 10.1.1.1 | GET      "/api/report"`,
      ),
    ]),
    object: "web",
    says: "/api/report",
    least: 20,
  },
  "a storm of cache misses": {
    logs: web(every(1, 4 * minute, 0, (at, index) => `${iso(at)} WARN cache miss for product:${index}, loading from database (412 ms)`)),
    object: "web",
    says: "cache miss for product",
    least: 100,
    since: "13:56",
  },
  "a rate limit of a called service (Go, logfmt)": {
    logs: web(
      every(
        4,
        6 * minute,
        0,
        (at, index) =>
          `time=${iso(at)} level=warning msg="charge failed, will retry" order=${index} error="payments: 429 Too Many Requests, retry after 60s"`,
      ),
    ),
    object: "web",
    says: "429 Too Many Requests",
    least: 50,
    since: "13:54",
  },
  "a store that refuses writes, and the errors of its caller": {
    logs: {
      web: every(
        3,
        8 * minute,
        0,
        (at) =>
          `{"level":50,"time":${at.getTime()},"pid":1,"msg":"session save failed","err":{"type":"ReplyError","message":"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."}}`,
      ),
      sessions: every(30, 8 * minute, 0, (at) => `1:M 01 Mar 2027 ${iso(at).slice(11, 23)} # Background saving error`),
    },
    object: "web",
    says: "MISCONF Redis is configured to save RDB snapshots",
    least: 50,
    since: "13:52",
  },
  "a burst of errors an hour ago": {
    logs: web([
      ...every(
        1,
        70 * minute,
        65 * minute,
        (at, index) => `${iso(at)} ERROR checkout failed for order ${index}: inventory.shop:80 answered 502 Bad Gateway`,
      ),
      ...every(1, 64 * minute, 0, (at, index) => `${iso(at)} INFO checkout of order ${index} done`),
    ]),
    object: "web",
    says: "inventory.shop:80 answered 502 Bad Gateway",
    least: 100,
    since: "12:50",
  },
  "a consumer that its group has removed (Kafka)": {
    logs: web(
      every(
        15,
        15 * minute,
        0,
        (at, index) =>
          `${plain(at)} WARN  [orders-1] o.a.k.c.c.i.ConsumerCoordinator : [Consumer clientId=orders-1, groupId=orders] Offset commit failed on partition orders-${index % 3} at offset ${88_000 + index}: The coordinator is not aware of this member.`,
      ),
    ),
    object: "web",
    says: "Offset commit failed",
    least: 30,
    since: "13:45",
  },
  "a database without free connections (PostgreSQL)": {
    logs: {
      db: every(2, 5 * minute, 0, (at) => `${plain(at)} UTC [${at.getSeconds() + 90}] FATAL:  sorry, too many clients already`),
    },
    object: "db",
    says: "too many clients already",
    least: 60,
    since: "13:55",
  },
  "deadlocks in a database (PostgreSQL)": {
    logs: {
      db: every(
        20,
        10 * minute,
        0,
        (at) =>
          `${plain(at)} UTC [412] ERROR:  deadlock detected\n${plain(at)} UTC [412] DETAIL:  Process 412 waits for ShareLock on transaction 8812; blocked by process 398.\n${plain(at)} UTC [412] HINT:  See server log for query details.\n${plain(at)} UTC [412] STATEMENT:  UPDATE stock SET n = n - 1 WHERE sku = $1`,
      ),
    },
    object: "db",
    says: "deadlock detected",
    least: 20,
    since: "13:50",
  },
  "a certificate that has expired (Node.js)": {
    logs: web(
      every(
        12,
        10 * minute,
        0,
        () =>
          "Error: certificate has expired\n    at TLSSocket.onConnectSecure (node:_tls_wrap:1679:34)\n    at TLSSocket.emit (node:events:519:28) {\n  code: 'CERT_HAS_EXPIRED'\n}",
      ),
    ),
    object: "web",
    says: "certificate has expired",
    least: 20,
  },
  "a host name that does not resolve (Node.js)": {
    logs: web(
      every(
        6,
        10 * minute,
        0,
        (at, index) =>
          `{"level":"error","timestamp":"${iso(at)}","message":"price lookup failed","sku":"A-${index}","error":"getaddrinfo ENOTFOUND inventory.legacy.internal"}`,
      ),
    ),
    object: "web",
    says: "getaddrinfo ENOTFOUND inventory.legacy.internal",
    least: 50,
    since: "13:50",
  },
  "tokens that are refused after a rotation": {
    logs: web(
      every(
        3,
        5 * minute,
        0,
        (at, index) => `${iso(at)} WARN auth: request ${index} rejected with 401: token signature is invalid: unknown key id "2026-11"`,
      ),
    ),
    object: "web",
    says: "token signature is invalid",
    least: 60,
    since: "13:55",
  },
  "a volume without space (Python)": {
    logs: web(
      every(
        10,
        10 * minute,
        0,
        () =>
          'Traceback (most recent call last):\n  File "/app/cache.py", line 41, in store\n    with open(path, "wb") as out:\nOSError: [Errno 28] No space left on device: \'/data/cache/7f/1a.bin\'',
      ),
    ),
    object: "web",
    says: "No space left on device",
    least: 30,
  },
  "a right that an object store does not grant": {
    logs: web(
      every(
        8,
        8 * minute,
        0,
        (at, index) =>
          `${iso(at)} [ERROR] upload of invoice-${index}.pdf failed: AccessDenied: User: arn:aws:iam::1234:user/web is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::invoices/invoice-${index}.pdf"`,
      ),
    ),
    object: "web",
    says: "is not authorized to perform: s3:PutObject",
    least: 40,
    since: "13:52",
  },
  "a column that the schema does not have (psycopg)": {
    logs: web(
      every(
        5,
        5 * minute,
        0,
        (at) =>
          `ERROR:    ${plain(at)} Exception in ASGI application\nTraceback (most recent call last):\n  File "/app/orders.py", line 88, in list_orders\n    rows = await cursor.execute(query)\npsycopg.errors.UndefinedColumn: column orders.discount does not exist`,
      ),
    ),
    object: "web",
    says: "column orders.discount does not exist",
    least: 40,
  },
  "tasks that fail in a worker (Celery)": {
    logs: {
      worker: every(
        9,
        9 * minute,
        0,
        (at, index) =>
          `[${plain(at).replace(".", ",")}: ERROR/ForkPoolWorker-2] Task app.tasks.send[0f1e2d3c-4b5a-4978-8796-a5b4c3d2e${String(index).padStart(3, "0")}] raised unexpected: SMTPServerDisconnected('Connection unexpectedly closed')`,
      ),
    },
    object: "worker",
    says: "SMTPServerDisconnected",
    least: 50,
    since: "13:51",
  },
  "queries that time out (.NET console log)": {
    logs: web(
      every(
        15,
        10 * minute,
        0,
        () =>
          "fail: Microsoft.EntityFrameworkCore.Database.Command[20102]\n      Failed executing DbCommand (30,012ms) [Parameters=[], CommandType='Text', CommandTimeout='30']\nfail: Microsoft.AspNetCore.Server.Kestrel[13]\n      Connection id \"0HN\", Request id \"0HN:1\": An unhandled exception was thrown by the application.\n      Npgsql.NpgsqlException (0x80004005): Exception while reading from stream\n       ---> System.TimeoutException: Timeout during reading attempt",
      ),
    ),
    object: "web",
    says: "Timeout",
    least: 20,
  },
  "a database that refuses connections (Ruby)": {
    logs: {
      worker: every(
        5,
        6 * minute,
        0,
        (at) =>
          `E, [${iso(at).slice(0, 23)}456 #1] ERROR -- : PG::ConnectionBad: connection to server at "10.2.0.9", port 5432 failed: Connection refused`,
      ),
    },
    object: "worker",
    says: "port 5432 failed: Connection refused",
    least: 50,
  },
  "calls that fail in transport (Rust, tracing)": {
    logs: web(
      every(
        4,
        6 * minute,
        0,
        (at, index) =>
          `${iso(at).replace("Z", "456Z")} ERROR checkout::payment: charge failed order=${index} error=Status { code: Unavailable, message: "error trying to connect: tcp connect error: Connection refused (os error 111)" }`,
      ),
    ),
    object: "web",
    says: "charge failed",
    least: 60,
    since: "13:54",
  },
  "all workers busy (PHP-FPM)": {
    logs: web(
      every(
        20,
        10 * minute,
        0,
        (at) =>
          `[01-Mar-2027 ${iso(at).slice(11, 19)}] WARNING: [pool www] server reached pm.max_children setting (5), consider raising it`,
      ),
    ),
    object: "web",
    says: "server reached pm.max_children setting",
    least: 20,
  },
  "garbage collection that takes all the time (Elasticsearch)": {
    logs: {
      index: every(
        14,
        10 * minute,
        0,
        (at, index) =>
          `[${iso(at).slice(0, 23).replace(".", ",")}][WARN ][o.e.m.j.JvmGcMonitorService] [node-1] [gc][${4521 + index}] overhead, spent [12.4s] collecting in the last [13.1s]`,
      ),
    },
    object: "index",
    says: "overhead, spent [12.4s] collecting",
    least: 30,
    since: "13:50",
  },
};

/** Words of trouble in the logs of programs that have none. */
export const contentedLogs: Readonly<Record<string, LogFault["logs"]>> = {
  "counters of zero errors": web(every(5, 30 * minute, 0, (at) => `${iso(at)} INFO stats: errors=0 failed=0 timeouts=0 retries=0`)),
  "a health check that is answered, and the word error in a path": web(
    every(5, 30 * minute, 0, (at, index) => `10.1.0.7 - - [${iso(at)}] "GET /error-pages/404.css?v=${index} HTTP/1.1" 200 512`),
  ),
  "two retries that succeed in an hour": web([
    ...every(1800, 3600, 0, (at) => `${iso(at)} WARN connection to db:5432 reset, retrying (1/5)`),
    ...every(5, 3600, 0, (at) => `${iso(at)} INFO connected`),
  ]),
  "clients that ask for what is not there": web(
    every(10, 30 * minute, 0, (at, index) => `10.1.0.7 - - [${iso(at)}] "GET /wp-login.php?try=${index} HTTP/1.1" 404 153`),
  ),
  "a deprecation that is logged with each request": web(
    every(5, 30 * minute, 0, (at) => `${iso(at)} WARN deprecated: header X-Old is ignored, use X-New`),
  ),
  "a cache that misses now and then, since the program started": web(
    every(5, 60 * minute, 0, (at) => `${iso(at)} WARN cache miss for key user:42, falling back`),
  ),
  "a leader election that another replica holds": web(
    every(
      5,
      30 * minute,
      0,
      (at) => `${iso(at)} INFO attempting to acquire leader lease kube-system/thing... failed: held by thing-1, will retry`,
    ),
  ),
};
