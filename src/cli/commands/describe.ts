// `kintsugi describe`: the story of one request. Only reads.
import type { DefineCommand } from "#cli/command.ts";
import { findRequest, readStoryObjects } from "#cli/find.ts";
import { kindAndName, requestArguments } from "#cli/reference.ts";
import { renderStory } from "#cli/render/story-text.ts";
import { storyOf } from "#story/story-of.ts";

export const define: DefineCommand = (command, run) => {
  requestArguments(command).action((first: string, second: string | undefined) =>
    run(
      async (session) => {
        const kube = await session.kube();
        const request = await findRequest(kube, session, kindAndName(first, second));
        const story = storyOf(await readStoryObjects(kube, request));
        session.answer(
          story,
          () => renderStory(story, { columns: session.page.width, color: session.color, nowMs: session.deps.clock.now() }),
          () => [`remediationrequest.kintsugi.dev/${story.request}`],
        );
        return 0;
      },
      { namespaces: "any" },
    )(),
  );
};
