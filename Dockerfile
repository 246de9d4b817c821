ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /callboard
COPY package.json package-lock.json .npmrc ./
COPY client/package.json client/
# No package runs a script: LevelDB comes prebuilt.
RUN ["npm", "ci", "--ignore-scripts"]
COPY . .
RUN ["node", "scripts/bootstrap.mjs", "build"]
RUN ["npm", "prune", "--omit=dev", "--ignore-scripts"]

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /callboard
COPY --from=build /callboard/node_modules node_modules/
COPY --from=build /callboard/client/package.json client/
COPY --from=build /callboard/client/dist client/dist/
COPY --from=build /callboard/dist/src dist/src/
COPY package.json LICENSE NOTICE ./
COPY deploy/make-secrets.mjs deploy/
# A new volume takes over the owner of the directory that it is mounted on.
RUN ["install", "-d", "-o", "node", "-g", "node", "-m", "700", "/data", "/run/callboard"]
USER node
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/src/cli/main.js"]
CMD ["server"]
