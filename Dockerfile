# Kintsugi's one image: every role, the command line, and what an action's Job runs. Node.js runs the TypeScript as it is, so that
# nothing is compiled and no step needs a shell. Build it after `npm ci --omit=dev --ignore-scripts`, or from the folder that
# scenarios/image-context.ts lays out without a network.
# A tag can move: for a release pass the base by digest, --build-arg BASE=docker.io/library/node@sha256:…
ARG BASE=docker.io/library/node:26-slim
FROM ${BASE}
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE /app/
# The dependencies first: they change less often than the code, and are a layer of their own.
COPY node_modules /app/node_modules
COPY src /app/src
USER 65532:65532
EXPOSE 8080 9090
ENTRYPOINT ["node", "/app/src/main.ts"]
