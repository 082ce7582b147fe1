// The thread of a flood: keeps its connections open, opens one anew when the other side closes it, and writes chunks while they are taken.
import { connect } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { prometheusSignalsPath } from "#api/rest/gateway.ts";
import type { Flooded } from "#bench/load/flood.ts";

const { port, connections } = workerData as { readonly port: number; readonly connections: number };
const bytes = 64 * 1024;
const chunk = Buffer.concat([Buffer.from(`${bytes.toString(16)}\r\n`), Buffer.alloc(bytes, "x"), Buffer.from("\r\n")]);
const paths = [prometheusSignalsPath, "/anything"];

const open = new Set<ReturnType<typeof connect>>();
let [opened, sent] = [0, 0];
let isOver = false;

const flood = (path: string): void => {
  if (isOver) return;
  const socket = connect(port, "127.0.0.1");
  open.add(socket);
  const write = (): void => {
    do sent += chunk.byteLength;
    while (socket.writable && socket.write(chunk));
  };
  socket
    .on("connect", () => {
      opened += 1;
      socket.write(`POST ${path} HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`);
      write();
    })
    .on("drain", write)
    .on("error", () => {})
    .on("close", () => {
      open.delete(socket);
      setTimeout(() => flood(path), 10);
    })
    .resume();
};
for (let at = 0; at < connections; at += 1) flood(paths[at % paths.length] ?? "/");

parentPort?.once("message", () => {
  isOver = true;
  for (const socket of open) socket.destroy();
  const flooded: Flooded = { opened, sentMiB: Math.round(sent / 1024 / 1024) };
  parentPort?.postMessage(flooded, []);
});
