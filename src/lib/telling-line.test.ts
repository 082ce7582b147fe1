// What a runtime prints of an uncaught error, and the one line of it that a person needs.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isComplaint, tellingExcerpt, tellingLine } from "#lib/telling-line.ts";

const node = `cache 4.2.0 starting
node:internal/errors:540
      throw error;
      ^

RangeError [ERR_SOCKET_BAD_PORT]: Port should be >= 0 and < 65536. Received type string ('tcp://10.1.2.3:6379').
    at lookupAndConnect (node:net:1289:13)
    at Socket.connect (node:net:1258:5)
    at Object.connect (node:net:238:17)
    at [eval]:1:16
    at runScriptInThisContext (node:internal/vm:219:10)
    at node:internal/process/execution:451:12
    at [eval]-wrapper:6:24
    at runScriptInContext (node:internal/process/execution:449:60)
    at evalFunction (node:internal/process/execution:283:30) {
  code: 'ERR_SOCKET_BAD_PORT'
}

Node.js v26.10.0
`;
const java = `2027-03-01 13:59:58 INFO  Starting OrdersApplication
Exception in thread "main" org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'dataSource'
\tat org.springframework.beans.factory.support.AbstractBeanFactory.getBean(AbstractBeanFactory.java:208)
\tat com.example.Orders.main(Orders.java:12)
Caused by: java.net.UnknownHostException: orders-db
\tat java.base/java.net.InetAddress.getAllByName(InetAddress.java:1529)
\t... 12 more
`;
const python = `starting
Traceback (most recent call last):
  File "/app/main.py", line 12, in <module>
    main()
  File "/app/main.py", line 8, in main
    raise KeyError("PAYMENTS_URL")
KeyError: 'PAYMENTS_URL'
`;
const go = `listening
panic: open /etc/app/config.yaml: no such file or directory

goroutine 1 [running]:
main.main()
\t/app/main.go:12 +0x1d
exit status 2
`;
const dotnet = `Unhandled exception. System.InvalidOperationException: The ConnectionString property has not been initialized.
   at Microsoft.Data.SqlClient.SqlConnection.PermissionDemand()
   at Program.<Main>$(String[] args) in /src/Program.cs:line 5
`;
const ruby = `/app/server.rb:3:in 'Integer': invalid value for Integer(): "80a" (ArgumentError)
\tfrom /app/server.rb:3:in '<main>'
`;
const rust = `thread 'main' panicked at src/main.rs:4:10:
DATABASE_URL must be set: NotPresent
note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace
`;
const php = `PHP Fatal error:  Uncaught RuntimeException: no driver named mysqli in /app/index.php:3
Stack trace:
#0 {main}
  thrown in /app/index.php on line 3
`;

describe.each([
  ["Node", node, "RangeError [ERR_SOCKET_BAD_PORT]: Port should be >= 0 and < 65536. Received type string ('tcp://10.1.2.3:6379')."],
  ["Java", java, "Caused by: java.net.UnknownHostException: orders-db"],
  ["Python", python, "KeyError: 'PAYMENTS_URL'"],
  ["Go", go, "panic: open /etc/app/config.yaml: no such file or directory"],
  [".NET", dotnet, "Unhandled exception. System.InvalidOperationException: The ConnectionString property has not been initialized."],
  ["Ruby", ruby, "/app/server.rb:3:in 'Integer': invalid value for Integer(): \"80a\" (ArgumentError)"],
  ["Rust", rust, "DATABASE_URL must be set: NotPresent"],
  ["PHP", php, "PHP Fatal error:  Uncaught RuntimeException: no driver named mysqli in /app/index.php:3"],
])("a stack trace of %s", (_, log, message) => {
  test("has its message as its telling line", () => expect(tellingLine(log)).toBe(message));
  test("keeps its message in an excerpt of eight lines, whatever follows", () => {
    const long = `${"tick\n".repeat(50)}${log}${"done\n".repeat(3)}`;
    expect(
      tellingExcerpt(long, 8)
        .split("\n")
        .map((line) => line.trim()),
    ).toContain(message);
  });
});

test.each([
  [
    "web starting\nError: missing required environment variable PAYMENTS_URL\nexiting with error",
    "Error: missing required environment variable PAYMENTS_URL",
  ],
  ["ready\nEnvironment variable DEPLOY_ENV is undefined\nbye", "Environment variable DEPLOY_ENV is undefined"],
  ["Failed to bind to port 80\nstopped", "Failed to bind to port 80"],
  [
    "GET /a 200\nGET http://rates-v1:8080/rates failed: getaddrinfo ENOTFOUND rates-v1\nGET /b 200",
    "GET http://rates-v1:8080/rates failed: getaddrinfo ENOTFOUND rates-v1",
  ],
  ["Error: old\nready\nError: new\nnpm error code 1", "Error: new"],
  ["one\ntwo", "two"],
])("%j has the telling line %j", (log, line) => expect(tellingLine(log)).toBe(line));

test("an empty log has none", () => {
  for (const log of ["", "\n\n"]) expect([tellingLine(log), tellingExcerpt(log, 8)]).toEqual([undefined, ""]);
});

test("a complaint differs from an ordinary message", () => {
  expect(["listening on 8080", "GET /rates 200", "db ready"].filter(isComplaint)).toEqual([]);
  expect(isComplaint("DATABASE_URL: unsupported scheme")).toBe(true);
});

test("an excerpt has at most so many lines, all of them the log's, and the telling one", () => {
  const line = fc.oneof(
    fc.constantFrom(
      "    at f (a.js:1:2)",
      "Error: x",
      "tick",
      "",
      "Caused by: y",
      "Traceback (most recent call last):",
      '  File "a", line 1, in f',
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), fc.integer({ min: 4, max: 12 }), (lines, max) => {
      const text = lines.map((each) => each.replaceAll("\n", " ")).join("\n");
      const shown = tellingExcerpt(text, max).split("\n");
      expect(shown.length).toBeLessThanOrEqual(max);
      for (const each of shown) expect(["…", "", ...text.split("\n")]).toContain(each);
      const found = tellingLine(text);
      if (found !== undefined) expect(shown.map((each) => each.trim())).toContain(found);
    }),
  );
});
