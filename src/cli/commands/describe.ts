// `kintsugi describe`: the story of one request. Only reads.
import type { DefineCommand } from "#cli/command.ts";
import { findRequest, readStoryObjects } from "#cli/find.ts";
import { kindAndName } from "#cli/reference.ts";
import { renderStory } from "#cli/render/story-text.ts";
import { storyOf } from "#story/story-of.ts";

export const define: DefineCommand = (command, run) => {
  command
    .argument("<request>", "its name, the start of its name, or its target such as deployment/web or deployment web")
    .argument("[name]", "name of the target, if only its kind was given")
    .action((first: string, second: string | undefined) =>
      run(
        async (session) => {
          const kube = await session.kube();
          const request = await findRequest(kube, session, kindAndName(first, second));
          const story = storyOf(await readStoryObjects(kube, request));
          if (session.data !== undefined) session.printData(story);
          else if (session.options.output === "name") session.print(`remediationrequest.kintsugi.dev/${story.request}\n`);
          else session.print(renderStory(story, { columns: session.page.width, color: session.color, nowMs: session.deps.clock.now() }));
          return 0;
        },
        { namespaces: "any" },
      )(),
    );
};
