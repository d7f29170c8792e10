"""OpenAI's shapes: embeddings, models, chat completions. Fields that Footnote has no use for are ignored."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from api.http.limits import MAX_MESSAGE, MAX_PASSAGES
from api.http.schemas.base import Out, Passage, example
from api.http.schemas.query import ANSWER, AnswerPartOut, CitationOut, ClosestOut, SentenceOut, StepOut
from api.http.schemas.search import CorrectedOut

NonEmpty = Annotated[Passage, StringConstraints(min_length=1)]


class OpenAIIn(BaseModel):
    """A request of OpenAI's clients: null is as good as left out."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {key: one for key, one in value.items() if one is not None}


class EmbeddingsIn(OpenAIIn):
    """Texts to embed. `input_type` (`query` or `document`) is an addition: they may be encoded apart."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"model": "footnote-encoder", "input": ["The pump is rated for 16 bar."]}]
        }
    )
    model: str
    input: NonEmpty | Annotated[list[NonEmpty], Field(min_length=1, max_length=MAX_PASSAGES)]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None
    input_type: Literal["query", "document"] = "document"
    user: str | None = None

    @field_validator("input", mode="before")
    @classmethod
    def _no_token_numbers(cls, value: object) -> object:
        first = value[0] if isinstance(value, list) and value else None
        if isinstance(first, int | list):
            raise ValueError(
                "must be text: token numbers are those of another model; LangChain sends text with "
                "check_embedding_ctx_length=False"
            )
        return value

    def texts(self) -> list[str]:
        """The input as a list."""
        return [self.input] if isinstance(self.input, str) else self.input


class EmbeddingOut(Out):
    """A unit-length vector, or its little-endian float32 bytes in base64."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class TokensOut(Out):
    """Tokens read."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsOut(Out):
    """One vector per text, in order."""

    model_config = example(
        {
            "object": "list",
            "data": [{"object": "embedding", "index": 0, "embedding": [0.012, -0.034, 0.051]}],
            "model": "footnote-encoder",
            "usage": {"prompt_tokens": 11, "total_tokens": 11},
        }
    )
    object: Literal["list"] = "list"
    data: list[EmbeddingOut]
    model: str
    usage: TokensOut


class ModelOut(Out):
    """A collection to chat with, or the encoder for embeddings."""

    model_config = example(
        {"id": "manuals", "object": "model", "created": 1795248000, "owned_by": "footnote"}
    )
    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "footnote"


class ModelsOut(Out):
    """Every model that the key covers."""

    model_config = example(
        {
            "object": "list",
            "data": [
                {"id": "manuals", "object": "model", "created": 1795248000, "owned_by": "footnote"},
                {"id": "footnote-encoder", "object": "model", "created": 0, "owned_by": "footnote"},
            ],
        }
    )
    object: Literal["list"] = "list"
    data: list[ModelOut]


# The constraint also makes pydantic refuse a lone surrogate, which no tokenizer takes.
MessageText = Annotated[str, StringConstraints(max_length=MAX_MESSAGE)]


class ContentPart(BaseModel):
    """A part of a message; only text is understood."""

    type: Literal["text"]
    text: MessageText


class Message(BaseModel):
    """A message; the last one of the user is the question, those before it say what it leaves out."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: MessageText | list[ContentPart] | None = None

    def text(self) -> str:
        """The message's text."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    """Options of a stream."""

    include_usage: bool = False


class ChatIn(OpenAIIn):
    """A chat whose `model` is a collection. Sampling parameters are accepted and have no effect."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "manuals",
                    "messages": [{"role": "user", "content": "What pressure is the pump rated for?"}],
                    "stream": False,
                }
            ]
        }
    )
    model: str
    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None


class Footnote(Out):
    """What an answer rests on; beside OpenAI's own fields."""

    citations: list[CitationOut]
    sentences: list[SentenceOut]
    abstained: bool
    reason: str | None
    confidence: float | None
    rewritten: str | None
    closest: list[ClosestOut]
    corrected: CorrectedOut | None
    parts: list[AnswerPartOut]
    route: list[StepOut]


class ReplyOut(Out):
    """The assistant's message."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class ChoiceOut(Out):
    """The one choice."""

    index: int = 0
    message: ReplyOut
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class ChatUsageOut(Out):
    """Tokens of the LLM, if one was asked."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


_FOOTNOTE = {
    key: ANSWER[key]
    for key in (
        "citations",
        "sentences",
        "abstained",
        "reason",
        "confidence",
        "rewritten",
        "closest",
        "route",
    )
}


class ChatOut(Out):
    """A chat completion with its footnotes."""

    model_config = example(
        {
            "id": "chatcmpl-0f4c2a9e6b7d4d0c8a5e1f2b3c4d5e6f",
            "object": "chat.completion",
            "created": 1795248000,
            "model": "manuals",
            "choices": [
                {
                    "index": 0,
                    "message": {
                        "role": "assistant",
                        "content": "The pump is rated for 16 bar [1].",
                        "refusal": None,
                    },
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
            "footnote": _FOOTNOTE,
        }
    )
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[ChoiceOut]
    usage: ChatUsageOut
    footnote: Footnote


class ChunkChoiceOut(Out):
    """The one choice of a chunk."""

    index: int = 0
    delta: dict[Literal["role", "content"], str]
    logprobs: None = None
    finish_reason: Literal["stop"] | None = None


class ChatChunkOut(Out):
    """A piece of a streamed completion."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoiceOut]


class LastChunkOut(ChatChunkOut):
    """The last piece, with the footnotes."""

    footnote: Footnote


class UsageChunkOut(LastChunkOut):
    """What follows the last piece when `include_usage` asks for it: no choice, so it carries all the rest."""

    usage: ChatUsageOut
