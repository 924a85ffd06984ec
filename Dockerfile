# syntax=docker/dockerfile:1
# The nanochat server. Build arguments:
#   BINARY             server (gateway and engine) or engine (engine alone)
#   BAKED              true: the model is in the image; false: MODEL says at the start which one is mounted or downloaded
#   MODEL              what is baked: a folder of models/, or a repository of the Hub (owner/name or owner/name@revision);
#                      for a private one: docker build --secret id=HF_TOKEN,env=HF_TOKEN
#   HF_ENDPOINT        where repositories come from
#   PYTORCH_INDEX_URL  where PyTorch comes from: .../whl/cpu, or .../whl/cu130 for an NVIDIA card
ARG BINARY=server
ARG BAKED=true

FROM python:3.11-slim-bookworm AS python-packages
ARG PYTORCH_INDEX_URL=https://download.pytorch.org/whl/cpu
COPY python/requirements.txt /tmp/requirements.txt
# A build with a local version (2.13.0+cpu) counts as newer than the same without, so the named index wins.
RUN python -m venv /opt/nanochat/.venv \
  && /opt/nanochat/.venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --only-binary :all: \
    --extra-index-url "${PYTORCH_INDEX_URL}" --requirement /tmp/requirements.txt

FROM python:3.11-slim-bookworm AS kernels
RUN apt-get update \
  && apt-get install --yes --no-install-recommends gcc=4:12.* libc6-dev=2.36-* \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY python/nanochat_engine/__init__.py nanochat_engine/
COPY python/nanochat_engine/kernels/ nanochat_engine/kernels/
# The build itself goes on without a library; an image must have one.
RUN python -m nanochat_engine.kernels.build --output built && ls built/libnanochat-*.so

FROM node:24-bookworm-slim AS gateway
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src/ src/
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json \
  && npm prune --omit=dev --no-audit --no-fund

FROM gateway AS model
ARG MODEL=embedded
ARG HF_ENDPOINT=https://huggingface.co
COPY models/ models/
# One folder by the model's own name, and a link by a name that is known here. Of a repository only what is served is there.
RUN --mount=type=secret,id=HF_TOKEN \
  name="$(basename "${MODEL%%@*}")" && mkdir baked && ln -s "${name}" baked/current \
  && if [ -d "models/${MODEL}" ]; then cp -r "models/${MODEL}" "baked/${name}"; else \
    export HF_HOME=/tmp/hub HF_ENDPOINT="${HF_ENDPOINT}" HF_TOKEN_PATH=/run/secrets/HF_TOKEN \
    && node dist/model-command/main.js pull "${MODEL}" \
    && cp -rL /tmp/hub/hub/models--*/snapshots/* "baked/${name}" && rm -r /tmp/hub; fi

FROM python:3.11-slim-bookworm AS base
RUN apt-get update \
  && apt-get install --yes --no-install-recommends tini=0.19.* \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --uid 10001 --user-group --create-home --home-dir /home/nanochat nanochat \
  && install -d -o nanochat -g nanochat /home/nanochat/.cache
WORKDIR /opt/nanochat
COPY --from=python-packages /opt/nanochat/.venv/ .venv/
COPY python/nanochat_engine/ python/nanochat_engine/
COPY --from=kernels /build/built/ python/nanochat_engine/kernels/built/
ENV PYTHONPATH=/opt/nanochat/python \
  PYTHONUNBUFFERED=1 \
  PYTHONDONTWRITEBYTECODE=1
ENTRYPOINT ["tini", "--"]

FROM base AS engine
# Outside loopback the engine refuses to start without ENGINE_TOKEN.
ENV ENGINE_HOST=0.0.0.0 \
  ENGINE_PORT=8081
EXPOSE 8081
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s --retries=3 \
  CMD [".venv/bin/python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"ENGINE_PORT\"]}/health', timeout=4)"]
CMD ["/opt/nanochat/.venv/bin/python", "-m", "nanochat_engine"]

FROM base AS server
COPY --from=gateway /usr/local/bin/node /usr/local/bin/node
COPY --from=gateway /build/node_modules/ node_modules/
COPY --from=gateway /build/dist/ dist/
COPY package.json ./
# Beyond loopback the server refuses to start without API_KEYS, API_KEYS_FILE or ALLOW_ANONYMOUS=true.
ENV NODE_ENV=production \
  HOST=0.0.0.0 \
  PORT=3080
# 8081 answers from outside only when ENGINE_HOST is set; its token is drawn at each start.
EXPOSE 3080 8081
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "dist/main.js"]

FROM ${BINARY} AS baked-false

FROM ${BINARY} AS baked-true
COPY --from=model /build/baked/ /opt/nanochat/models/
ENV MODEL=/opt/nanochat/models/current

# hadolint ignore=DL3006
FROM baked-${BAKED} AS image
LABEL org.opencontainers.image.title="nanochat server" \
  org.opencontainers.image.licenses="MIT"
USER 10001
