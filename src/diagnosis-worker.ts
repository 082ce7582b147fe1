// What runs in the thread that diagnoses: takes jobs from the process and posts what becomes of them. Reads nothing else.
import { parentPort } from "node:worker_threads";
import { doJob, type Job } from "#investigation/diagnosis-thread.ts";
import { ownCpuMs } from "#investigation/worker-thread.ts";

parentPort?.on("message", (job: Job) => doJob(job, (message) => parentPort?.postMessage(message, []), ownCpuMs));
