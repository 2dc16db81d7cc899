# The image of turnkeeper: one program, whose roles are selected by arguments (`--roles worker`). Node runs the
# TypeScript files without a build. Only the pages of web/ are built.

# The Node version of package.json's devDependencies. test/deploy compares the two.
ARG NODE_IMAGE=node:26.10.0-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# The optional packages are the binaries of the embedded PostgreSQL (100 MB, not needed on a server) and a faster
# msgpack. Only these need install scripts, so no install script runs.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund && npm cache clean --force

FROM ${NODE_IMAGE} AS pages
WORKDIR /app
COPY package.json package-lock.json ./
# Vite is a development dependency, and its binaries are optional packages. It needs no install script.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY scripts/web-build.mjs ./scripts/
COPY web ./web
RUN node scripts/web-build.mjs

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY . .
COPY --from=pages /app/web/dist ./web/dist
# An unprivileged user of the base image (1000). The files belong to root, so the program cannot modify itself.
USER node
EXPOSE 8080
# For the role http. /livez checks only the process: a check of the database would restart all containers while the
# database is unavailable. Containers of other roles have other checks or none (compose.yml).
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --start-interval=1s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT||8080}/livez`).then((r)=>process.exit(r.ok?0:1),()=>process.exit(1))"]
# Exec form: node receives SIGTERM itself and stops gracefully. It needs no init: its only child processes are those of
# PROCESSES, which it waits for itself.
# HOST is loopback by default: 0.0.0.0 is refused with AUTH=none, so the user of the image sets both.
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "src/main.ts"]
