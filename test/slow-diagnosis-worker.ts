// The thread that diagnoses, with two steps more: one whose time is cubic in the text of ConfigMaps, one that fills its memory where a text asks for it.
import { parentPort } from "node:worker_threads";
import { answerTo, doJob, type Job } from "#investigation/diagnosis-thread.ts";
import { ownCpuMs } from "#investigation/worker-thread.ts";

const textsOf = ({ evidence }: Job): readonly string[] =>
  evidence.objects.flatMap(({ kind, ...object }) =>
    kind === "ConfigMap" ? Object.values((object as { data?: Record<string, string> }).data ?? {}) : [],
  );

parentPort?.on("message", (job: Job) =>
  doJob(
    job,
    (message) => parentPort?.postMessage(message, []),
    ownCpuMs,
    (asked, steps) => {
      const texts = textsOf(job);
      steps.run("SlowCause", () => texts.map((text) => text.replace(/\/?\*+.*$|\{.*$/, "").length), []);
      steps.run(
        "LargeCause",
        () => {
          const kept: string[][] = [];
          while (texts.includes("fill the memory")) kept.push(Array.from({ length: 10_000 }, (_, at) => `${kept.length} ${at}`));
          return kept.length;
        },
        0,
      );
      return answerTo(asked, steps);
    },
  ),
);
