"""Typed settings: defaults, then footnote.toml in the working directory, then FOOTNOTE_* variables.

There is no instance at import time: whoever starts Footnote makes one `Settings()` and hands it down.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from rag.types import CheckPolicy

LEXICAL_WEIGHT = 0.5
READER_CANDIDATES = 0
HNSW_THRESHOLD = 50_000
OPENAI = "haystack.components.generators.chat.OpenAIChatGenerator"
LONGEST_QUESTION = 4_000
"""Characters of a question; no setting, as every face tells it."""
MOST_TURNS = 100
LONGEST_TURN = 20_000
"""Earlier turns of a conversation that may come with a question, and characters of each."""

PROFILES: Mapping[str, Mapping[str, str | float]] = {
    "default": {},
    "edge": {
        "encoder": "footnote-edge",
        "precision": "int8",
        "lexical_weight": 1.5,
        "reader_candidates": 0,
    },
}
"""Settings that a profile changes. Without token vectors late interaction is left out by itself."""


class Settings(BaseSettings):
    """Everything that can be configured; each field is also the variable FOOTNOTE_<FIELD>."""

    model_config = SettingsConfigDict(
        env_prefix="FOOTNOTE_", env_ignore_empty=True, toml_file="footnote.toml", extra="forbid"
    )

    # where things are
    data: Path = Field(
        Path("footnote-data"), description="Folder of the store, the index replicas and the first key."
    )
    store: str = Field(
        "", description="Store URL: sqlite:///FILE or postgresql://…; empty means DATA/footnote.db."
    )
    index: str = Field(
        "embedded", description="embedded (FAISS and Tantivy in process) or qdrant+http://HOST:PORT."
    )
    index_key: SecretStr | None = Field(None, description="API key of the Qdrant server.")
    language: str = Field(
        "english", description="Language whose word endings search ignores; none for no stemming."
    )
    hnsw_threshold: int = Field(
        HNSW_THRESHOLD, ge=1, description="Chunks from which FAISS searches a graph, not every vector."
    )
    sync_roots: Annotated[list[Path], NoDecode] = Field(
        [], description="Folders that sync may read, os.pathsep-separated."
    )
    sync_urls: Annotated[list[str], NoDecode] = Field(
        [], description="URLs (such as s3://bucket/prefix) below which sync may read, comma-separated."
    )

    # the service
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    api_key: SecretStr | None = Field(
        None, description="The admin key; without one the first start writes DATA/api_key."
    )
    max_upload_mb: int = Field(64, ge=1, description="Largest request body, in MiB.")
    max_concurrent: int = Field(8, ge=1, description="Questions answered at the same time.")
    max_waiting: int = Field(
        32, ge=0, description="Questions that may wait for a place; further ones get 429."
    )

    # small models
    profile: Literal["default", "edge"] = Field(
        "default",
        description="edge: static encoder, int8, more weight on words, no reader in search; unless set.",
    )
    encoder: str = Field(
        "footnote-encoder",
        description="Shipped name, a folder, or a sentence-transformers name (extra train).",
    )
    reader: str = "footnote-reader"
    checker: str = "footnote-checker"
    weights: Path | None = Field(None, description="Folder that replaces rag/models/weights.")
    threads: int = Field(0, ge=0, description="Threads of the models; 0 means one per core.")
    precision: Literal["float", "int8"] = Field(
        "float", description="Arithmetic of the models; unless it is set, the reader's is int8 (if fast)."
    )

    # ingest
    chunk_tokens: int = Field(200, ge=32, le=512, description="Longest chunk in the encoder's tokens.")
    parse_memory_mb: int = Field(1024, ge=128)
    parse_timeout_s: float = Field(120.0, gt=0)
    parse_max_mb: int = Field(256, ge=1, description="Largest file, and most that an archive may unpack to.")
    parse_max_pages: int = Field(5000, ge=1)
    parse_max_characters: int = Field(20_000_000, ge=1000)

    # answers
    check: CheckPolicy = "flag"
    lexical_weight: float = Field(
        LEXICAL_WEIGHT,
        ge=0,
        description="Weight of BM25 beside the dense score's 1, where adapting found no other.",
    )
    rerank_candidates: int = Field(100, ge=1, description="Fused candidates that late interaction rescores.")
    reader_candidates: int = Field(
        READER_CANDIDATES,
        ge=0,
        description="First hits that the reader rescores then, unless adapting lost by it; 0: none.",
    )
    answer_accuracy: float = Field(
        0.6, gt=0, lt=1, description="Share of quoted answers to be right; below it the closest are shown."
    )
    answer_threshold: float | None = Field(
        None, ge=0, le=1, description="Least confidence of a quoted answer, instead of answer_accuracy."
    )
    correct_typos: bool = Field(
        True, description="Read a question's typos as the collection's words that were meant, and say so."
    )
    pipeline: str = Field(
        "", description="YAML of a Haystack pipeline to run between retrieval and answer; empty means none."
    )
    reader_alone: float = Field(
        0.7, ge=0, le=1, description="Reader probability from which no LLM is asked in mode auto."
    )

    # a sample of live answers, scored in the background
    online_share: float = Field(
        0.0, ge=0, le=1, description="Share of live answers to keep and score; 0 keeps nothing of any."
    )
    online_judges: Annotated[list[str], NoDecode] = Field(
        ["faithfulness", "answer_relevancy", "context_relevance"],
        description="What scores them, comma-separated.",
    )
    online_keep: int = Field(10_000, ge=1, description="Newest samples kept of each collection.")
    online_days: float = Field(30.0, gt=0, le=3650, description="Days after which a sample is deleted.")

    # an optional LLM: a server that speaks OpenAI's protocol, or any chat generator of Haystack's
    llm_generator: str = Field(
        OPENAI, description="Haystack's class by its dotted name; another than the default needs no URL."
    )
    llm_options: dict[str, Any] = Field({}, description="What that class is made with, as JSON or a table.")
    llm_url: str = Field("", description="Base URL such as http://localhost:11434/v1; empty means none.")
    llm_model: str = ""
    llm_key: SecretStr | None = None
    llm_timeout_s: float = Field(60.0, gt=0)
    llm_max_tokens: int = Field(512, ge=1)
    llm_prompt_cost: float = Field(
        0.0, ge=0, description="Cost of a million prompt tokens, in your currency."
    )
    llm_completion_cost: float = Field(0.0, ge=0, description="Cost of a million completion tokens.")

    @model_validator(mode="after")
    def _take_profile(self) -> Settings:
        """What the profile says of settings that nobody set."""
        for name, value in PROFILES[self.profile].items():
            if name not in self.model_fields_set:
                setattr(self, name, value)
        return self

    @field_validator("sync_roots", mode="before")
    @classmethod
    def _split_roots(cls, value: object) -> object:
        return [Path(part) for part in value.split(os.pathsep) if part] if isinstance(value, str) else value

    @field_validator("sync_urls", "online_judges", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        return (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )

    @property
    def store_url(self) -> str:
        """The store's URL with the default filled in."""
        return self.store or f"sqlite:///{self.data / 'footnote.db'}"

    @property
    def llm_configured(self) -> bool:
        """Whether there is an LLM to write answers."""
        return bool(self.llm_url) or self.llm_generator != OPENAI

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over variables, variables over the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
