"""The wire to an OpenAI-compatible server, over Haystack's chat generator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

import httpx2
import openai
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage, StreamingChunk
from haystack.utils import Secret

from rag.answer.write import OnToken, Prompt, Written
from rag.errors import GeneratorError
from rag.settings import Settings
from rag.types import Usage


@dataclass(frozen=True, slots=True)
class OpenAIWriter:
    """A Generator over one server. Always streams, so that the time limit counts for every token."""

    chat: OpenAIChatGenerator
    timeout_s: float
    prompt_cost: float = 0.0
    completion_cost: float = 0.0

    @property
    def model(self) -> str:
        return str(self.chat.model)

    def write(self, prompt: Prompt, on_token: OnToken) -> Written:
        """Raises GeneratorError, with a message that holds neither the key nor what the server said."""
        until = perf_counter() + self.timeout_s

        def on_chunk(chunk: StreamingChunk) -> None:
            if perf_counter() > until:
                raise GeneratorError("The LLM server took too long.", code="generator_timeout")
            if chunk.content:
                on_token(chunk.content)

        try:
            reply = self.chat.run(_messages(prompt), streaming_callback=on_chunk)["replies"][0]
        except NONSENSE as error:
            raise failure(error, "The LLM server answered what no such server should.") from None
        return self._written(reply)

    def _written(self, reply: ChatMessage) -> Written:
        if not reply.meta.get("finish_reason"):
            raise GeneratorError("The LLM server broke off its answer.", code="generator_incomplete")
        usage = reply.meta.get("usage") or {}
        prompt, completion = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
        cost = (prompt * self.prompt_cost + completion * self.completion_cost) / 1e6
        return Written(reply.text or "", Usage(prompt, completion, cost))


def _messages(prompt: Prompt) -> list[ChatMessage]:
    messages = [ChatMessage.from_system(prompt.system), ChatMessage.from_user(prompt.user)]
    if prompt.answered is not None and prompt.complaint is not None:
        messages += [ChatMessage.from_assistant(prompt.answered), ChatMessage.from_user(prompt.complaint)]
    return messages


def open_writer(settings: Settings) -> OpenAIWriter:
    """The writer that the settings describe; without a key it sends a placeholder, as clients must."""
    key = settings.llm_key.get_secret_value() if settings.llm_key else "none"
    chat = OpenAIChatGenerator(
        api_key=Secret.from_token(key),
        model=settings.llm_model,
        api_base_url=settings.llm_url,
        timeout=settings.llm_timeout_s,
        max_retries=0,  # the reader is the second try: waiting longer helps nobody
        generation_kwargs={
            "max_tokens": settings.llm_max_tokens,
            "temperature": 0.0,
            "stream_options": {"include_usage": True},
        },
    )
    chat.warm_up()  # the client's first construction takes a second that belongs to no question
    return OpenAIWriter(chat, settings.llm_timeout_s, settings.llm_prompt_cost, settings.llm_completion_cost)


_FAILURES: tuple[tuple[type[Exception], str, str], ...] = (
    (openai.APITimeoutError, "generator_timeout", "did not answer in time"),
    (httpx2.TimeoutException, "generator_timeout", "stopped in the middle of its answer"),
    (openai.RateLimitError, "generator_busy", "is over its rate limit"),
    (openai.AuthenticationError, "generator_unauthorized", "refused the key"),
    (openai.APIConnectionError, "generator_unreachable", "cannot be reached"),
    (openai.APIError, "generator_failed", "answered with an error"),
    (httpx2.TransportError, "generator_incomplete", "broke off its answer"),
)
"""What the wire can raise, the code it gets, and what it means. The first that fits counts."""
NONSENSE = (
    openai.OpenAIError,
    httpx2.HTTPError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
)
"""Everything else that the broken stream or reply of an unknown server makes client code raise."""


def failure(error: Exception, otherwise: str) -> GeneratorError:
    """Our error for the wire's, or for what it was caused by; `otherwise` is said of nonsense.

    Raise it `from None`: the original's text may quote the key.
    """
    for cause in _causes(error):
        for kind, code, meaning in _FAILURES:
            if isinstance(cause, kind):
                return GeneratorError(f"The LLM server {meaning}.", code=code)
    return GeneratorError(otherwise, code="generator_invalid")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
