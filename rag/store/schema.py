"""The tables, for SQLite and PostgreSQL alike. A change here needs a migration under migrations/versions."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

HEAD = "0008"
"""The migration that makes the tables below; a test compares it with the newest one."""
VERSION_TABLE = "footnote_schema"
"""Alembic's bookkeeping, under a name that leaves other users of Alembic in the same database alone."""

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite only gives a rowid to INTEGER; PostgreSQL needs BIGINT for keys that are never reused.
Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Code-point order on both: SQLite compares bytes, and "C" makes PostgreSQL do the same whatever its locale.
Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Json = sa.JSON(none_as_null=True)


class UtcTime(sa.TypeDecorator[datetime]):
    """Timezone-aware UTC; SQLite keeps no zone, so it is put back on reading."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _cascade(target: str) -> sa.ForeignKey:
    return sa.ForeignKey(target, ondelete="CASCADE")


models = sa.Table(
    "models",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("dimension", sa.Integer, nullable=False),
    sa.UniqueConstraint("name", "revision"),
)

# A deleted collection keeps its row and its log: when the name is used again the sequence goes on, so that a
# replica of the old one sees every old document deleted instead of mistaking the new log for its own.
collections = sa.Table(
    "collections",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("name", Name, nullable=False, unique=True),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("documents", sa.BigInteger, nullable=False),
    sa.Column("chunks", sa.BigInteger, nullable=False),
    sa.Column("model_id", sa.ForeignKey("models.id")),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("deleted", sa.Boolean, nullable=False),
    # the version of the profile in force, 0 for none; here, as every search reads this row anyway
    sa.Column("profile", sa.Integer, nullable=False, server_default="0"),
    # the policy as an object of actions by reason, NULL for the defaults
    sa.Column("curation", Json),
    # how often another encoder took over: replicas of an earlier generation hold vectors of an earlier one
    sa.Column("generation", sa.Integer, nullable=False, server_default="0"),
    # the encoder that is to take over; while it is set, there may be vectors of others than the bound one
    sa.Column("next_model_id", sa.ForeignKey("models.id")),
)

profiles = sa.Table(
    "profiles",
    metadata,
    sa.Column("collection_id", Key, _cascade("collections.id"), primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("report", sa.Text, nullable=False),
    sa.Column("replaced", sa.Integer),
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("id", Name, primary_key=True),
    sa.Column("collection_id", _cascade("collections.id"), nullable=False),
    sa.Column("source", Name, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("text_sha256", sa.Text, nullable=False),
    sa.Column("content_sha256", sa.Text, nullable=False),
    sa.Column("pages", Json, nullable=False),
    sa.Column("metadata", Json, nullable=False),
    sa.Column("model_id", sa.ForeignKey("models.id")),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("error_code", sa.Text),
    sa.Column("error_message", sa.Text),
    sa.Column("chunks", sa.Integer, nullable=False),
    sa.Column("quarantined", sa.Integer, nullable=False),
    sa.Column("characters", sa.BigInteger, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    # what the remote store that the content came from says of its version, empty otherwise
    sa.Column("origin", sa.Text, nullable=False, server_default=""),
    sa.UniqueConstraint("collection_id", "source"),
    sa.Index(None, "collection_id", "status", "source"),
)

texts = sa.Table(
    "texts",
    metadata,
    sa.Column("document_id", Name, _cascade("documents.id"), primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
)

chunks = sa.Table(
    "chunks",
    metadata,
    sa.Column("key", Key, primary_key=True),
    sa.Column("document_id", Name, _cascade("documents.id"), nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("id", Name, nullable=False),
    sa.Column("start_offset", sa.Integer, nullable=False),
    sa.Column("end_offset", sa.Integer, nullable=False),
    sa.Column("page", sa.Integer),
    sa.Column("headings", Json, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    # the reason that keeps the chunk out of search; its vectors are kept, so that it can come back
    sa.Column("quarantine", sa.Text),
    sa.Column("findings", Json),
    # of text and headings, see rag.store.values.fingerprint; NULL in chunks of before there was curation
    sa.Column("fingerprint", sa.BigInteger),
    # the fingerprint of the chunk that this one repeats
    sa.Column("duplicate_of", sa.BigInteger),
    # what the encoder read in front of the text; NULL where a version before this column wrote the chunk
    sa.Column("context", sa.Text),
    sa.UniqueConstraint("document_id", "ordinal"),
    sa.Index(None, "fingerprint", "quarantine"),
    sa.Index(None, "duplicate_of"),
    sqlite_autoincrement=True,
)

# One row for each encoder: while a collection is embedded anew, the vectors of two stand side by side.
# Token vectors are ten times as large as dense ones and read only when reranking, hence a table of their own.
vectors = sa.Table(
    "vectors",
    metadata,
    sa.Column("chunk_key", Key, _cascade("chunks.key"), primary_key=True, autoincrement=False),
    sa.Column("model_id", Key, sa.ForeignKey("models.id"), primary_key=True, autoincrement=False),
    sa.Column("dense", sa.LargeBinary, nullable=False),
)

token_vectors = sa.Table(
    "token_vectors",
    metadata,
    sa.Column("chunk_key", Key, _cascade("chunks.key"), primary_key=True, autoincrement=False),
    sa.Column("model_id", Key, sa.ForeignKey("models.id"), primary_key=True, autoincrement=False),
    sa.Column("packed", sa.LargeBinary, nullable=False),
)

# 64-bit hashes of what makes chunks alike: the fingerprint, bands of the MinHash, lines.
signatures = sa.Table(
    "signatures",
    metadata,
    sa.Column("collection_id", Key, _cascade("collections.id"), primary_key=True, autoincrement=False),
    sa.Column("mark", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("chunk_key", Key, _cascade("chunks.key"), primary_key=True, autoincrement=False),
    sa.Index(None, "chunk_key"),
    sqlite_with_rowid=False,
)

# What a person let through stays so when the same text comes again, even after the document was away.
releases = sa.Table(
    "releases",
    metadata,
    sa.Column("collection_id", Key, _cascade("collections.id"), primary_key=True, autoincrement=False),
    sa.Column("document_id", Name, primary_key=True),
    sa.Column("fingerprint", sa.BigInteger, primary_key=True, autoincrement=False),
)

changes = sa.Table(
    "changes",
    metadata,
    sa.Column("collection_id", Key, _cascade("collections.id"), primary_key=True, autoincrement=False),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("document_id", sa.Text, nullable=False),
    sa.Column("operation", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("secret_sha256", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("collections", Json),
    sa.Column("created_at", UtcTime, nullable=False),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("key", Key, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("collection", Name, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("options", Json, nullable=False),
    sa.Column("idempotency_key", sa.Text),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("started_at", UtcTime),
    sa.UniqueConstraint("collection", "idempotency_key"),
    sa.Index(None, "status"),
    sqlite_autoincrement=True,
)

_VANISHED = sa.text("path IS NULL AND sha256 != ''")

job_items = sa.Table(
    "job_items",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("job_key", _cascade("jobs.key"), nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("metadata", Json, nullable=False),
    sa.Column("path", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text),
    sa.Column("error_code", sa.Text),
    sa.Column("error_message", sa.Text),
    sa.Column("quarantined", sa.Integer, nullable=False),
    sa.Column("chunks", sa.Integer, nullable=False, server_default="0"),
    sa.Column("origin", sa.Text, nullable=False, server_default=""),
    sa.Index(None, "job_key", "state", "outcome"),
    # the items that delete a document, by its content: a file that moved is found by it
    sa.Index(None, "job_key", "sha256", sqlite_where=_VANISHED, postgresql_where=_VANISHED),
    sqlite_autoincrement=True,
)

job_payloads = sa.Table(
    "job_payloads",
    metadata,
    sa.Column("item_id", Key, _cascade("job_items.id"), primary_key=True, autoincrement=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
)

job_findings = sa.Table(
    "job_findings",
    metadata,
    sa.Column("job_key", Key, _cascade("jobs.key"), primary_key=True, autoincrement=False),
    sa.Column("reason", Name, primary_key=True),
    sa.Column("chunks", sa.BigInteger, nullable=False),
)

# Live answers that are scored in the background. Numbers and texts are parted, as the texts go with the
# documents that they may quote, and the numbers stay.
samples = sa.Table(
    "samples",
    metadata,
    sa.Column("key", Key, primary_key=True),
    sa.Column("collection_id", Key, _cascade("collections.id"), nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("abstained", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("route", sa.Text, nullable=False),
    # the share of the answer's checked sentences that the live verdicts support
    sa.Column("supported", sa.Float(53)),
    sa.Column("timings", Json, nullable=False),
    sa.Column("scores", Json, nullable=False),
    # why a judge gave no score, as a code
    sa.Column("problems", Json, nullable=False),
    # what the scores were made with: scores of different models are not compared
    sa.Column("judged_by", sa.Text),
    sa.Index(None, "collection_id", "key"),
    sa.Index(None, "state", "key"),
    sqlite_autoincrement=True,
)

sample_texts = sa.Table(
    "sample_texts",
    metadata,
    sa.Column("sample_key", Key, _cascade("samples.key"), primary_key=True, autoincrement=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("response", sa.Text, nullable=False),
    # document, ordinal and chunk id of each, best first
    sa.Column("passages", Json, nullable=False),
    sa.Column("sentences", Json, nullable=False),
)

# Whose text a sample may quote; without a reference to documents, as the texts must go before the row does.
sample_documents = sa.Table(
    "sample_documents",
    metadata,
    sa.Column("document_id", Name, primary_key=True),
    sa.Column("sample_key", Key, _cascade("samples.key"), primary_key=True, autoincrement=False),
    sa.Index(None, "sample_key"),
    sqlite_with_rowid=False,
)

# A run that a job carries out: a row a case, so that another process can go on with it. JSON, read by eval.
evaluations = sa.Table(
    "evaluations",
    metadata,
    sa.Column("job_key", Key, _cascade("jobs.key"), primary_key=True, autoincrement=False),
    sa.Column("setup", sa.Text, nullable=False),
    sa.Column("cases", sa.Text, nullable=False),
    sa.Column("report", sa.Text),
)

evaluation_rows = sa.Table(
    "evaluation_rows",
    metadata,
    sa.Column("job_key", Key, _cascade("jobs.key"), primary_key=True, autoincrement=False),
    sa.Column("case_id", Name, primary_key=True),
    # of the whole run, up to this row
    sa.Column("seconds", sa.Float(53), nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
)
