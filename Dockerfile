# turnkeeper's image: one program, its roles chosen by arguments (`--roles worker`). Node runs the TypeScript as it is;
# only the pages of web/ are built.

# The Node of package.json's devDependencies (test/deploy compares the two).
ARG NODE_IMAGE=node:26.10.0-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Optional packages are the binaries of the embedded PostgreSQL (100 MB, which a server has no use for) and a faster
# msgpack. Install scripts only serve these, so none runs.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund && npm cache clean --force

FROM ${NODE_IMAGE} AS pages
WORKDIR /app
COPY package.json package-lock.json ./
# Vite is a development dependency, and its binaries are optional packages; no install script is needed.
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
# The image's own unprivileged user (1000). The files stay root's: the program cannot change itself.
USER node
EXPOSE 8080
# Of the role http. livez asks only the process: a check that asked the database would restart all of them when it is
# away. A container without that role has another check, or none: see compose.yml.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --start-interval=1s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT||8080}/livez`).then((r)=>process.exit(r.ok?0:1),()=>process.exit(1))"]
# The exec form: node itself gets SIGTERM and ends in order. It starts no children here, so no init is needed to reap.
# HOST stays loopback by default: 0.0.0.0 is refused without AUTH=keys, so whoever runs the image decides both.
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "src/main.ts"]
