# Footnote in one image: the base install with OCR and the clients for PostgreSQL, Qdrant and buckets, without torch, not as root.
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/footnote
# What changes seldom comes first, so that a change of code does not install everything again.
COPY pyproject.toml constraints.txt README.md ./
COPY rag ./rag
COPY jobs ./jobs
COPY ingest ./ingest
COPY adapt ./adapt
COPY eval ./eval
COPY api ./api
COPY footnote ./footnote
RUN /opt/footnote/bin/pip install --no-cache-dir --constraint constraints.txt ".[qdrant,postgres,ocr,remote]"

FROM python:3.11-slim
LABEL org.opencontainers.image.title="Footnote" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --home-dir /data --no-create-home footnote \
    && mkdir -p /data /documents \
    && chown footnote /data
COPY --from=build /opt/footnote /opt/footnote
ENV PATH=/opt/footnote/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    FOOTNOTE_DATA=/data \
    FOOTNOTE_HOST=0.0.0.0 \
    FOOTNOTE_PORT=8000 \
    FOOTNOTE_SYNC_ROOTS=/documents
WORKDIR /data
VOLUME /data
EXPOSE 8000
USER footnote
# slim has no curl; Python asks as well. `worker` containers switch this off (see docker-compose.yml).
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/ready', timeout=4)"]
CMD ["footnote", "serve"]
