# Kintsugi's one image: every role, the command line, and what an action's Job runs. The code is bundled JavaScript: Node.js would
# keep 50 MB for stripping types. No step needs a shell. Build it after `npm ci --ignore-scripts`, `npm run build` and
# `npm prune --omit=dev`, or from the folder that scenarios/image-context.ts lays out without a network.
# A tag can move: for a release pass the base by digest, --build-arg BASE=docker.io/library/node@sha256:…
ARG BASE=docker.io/library/node:26-slim
FROM ${BASE}
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE /app/
# The dependencies first: they change less often than the code, and are a layer of their own.
COPY node_modules /app/node_modules
COPY dist /app/dist
USER 65532:65532
EXPOSE 8080 9090
ENTRYPOINT ["node", "/app/dist/main.js"]
