"""The one door to LLMs: any of Haystack's chat generators, the one of OpenAI's protocol by default.

Importing Haystack takes seconds, so it happens when an LLM is opened and not before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter
from typing import Any, Protocol

import httpx2
import openai

from rag.answer.prompt import Prompt
from rag.answer.write import OnToken, Written
from rag.errors import GeneratorError, ModelError
from rag.settings import OPENAI, Settings
from rag.types import Usage


class ChatGenerator(Protocol):
    """A chat generator as Haystack has it: `replies`, and the pieces of the first one as they come."""

    def run(self, messages: Any, *, streaming_callback: Callable[[Any], None]) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class ChatWriter:
    """A Generator over one chat generator. Always streams, so that the time limit counts for every token."""

    chat: ChatGenerator
    model: str
    timeout_s: float
    prompt_cost: float = 0.0
    completion_cost: float = 0.0

    def write(self, prompt: Prompt, on_token: OnToken) -> Written:
        """Raises GeneratorError, with a message that holds neither the key nor what the server said."""
        until = perf_counter() + self.timeout_s

        def on_chunk(chunk: Any) -> None:
            if perf_counter() > until:
                raise GeneratorError("The LLM server took too long.", code="generator_timeout")
            if chunk.content:
                on_token(chunk.content)

        try:
            reply = self.chat.run(_messages(prompt), streaming_callback=on_chunk)["replies"][0]
        except NONSENSE as error:
            raise failure(error, "The LLM server answered what no such server should.") from None
        return self._written(reply)

    def _written(self, reply: Any) -> Written:
        # of a stream that broke off there is none; a generator without streams may not tell it at all
        if not reply.meta.get("finish_reason", "unknown"):
            raise GeneratorError("The LLM server broke off its answer.", code="generator_incomplete")
        usage = reply.meta.get("usage") or {}
        prompt, completion = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
        cost = (prompt * self.prompt_cost + completion * self.completion_cost) / 1e6
        return Written(reply.text or "", Usage(prompt, completion, cost))


def _messages(prompt: Prompt) -> list[Any]:
    from haystack.dataclasses import ChatMessage

    messages = [ChatMessage.from_system(prompt.system), ChatMessage.from_user(prompt.user)]
    if prompt.answered is not None and prompt.complaint is not None:
        messages += [ChatMessage.from_assistant(prompt.answered), ChatMessage.from_user(prompt.complaint)]
    return messages


def open_llm(settings: Settings) -> ChatWriter:
    """The LLM that the settings describe. Raises ModelError `model_invalid` where they name no chat
    generator, or one that cannot be made with these options.
    """
    os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"  # read once, when Haystack is imported
    chat = _openai(settings) if settings.llm_generator == OPENAI else _named(settings)
    if hasattr(chat, "warm_up"):
        chat.warm_up()  # the client's first construction takes a second that belongs to no question
    model = str(getattr(chat, "model", "") or settings.llm_model or type(chat).__name__)
    return ChatWriter(
        chat, model, settings.llm_timeout_s, settings.llm_prompt_cost, settings.llm_completion_cost
    )


def _openai(settings: Settings) -> Any:
    """A server of OpenAI's protocol; without a key it is sent a placeholder, as clients must."""
    from haystack.components.generators.chat import OpenAIChatGenerator
    from haystack.utils import Secret

    key = settings.llm_key.get_secret_value() if settings.llm_key else "none"
    made_with = {
        "api_key": Secret.from_token(key),
        "model": settings.llm_model,
        "api_base_url": settings.llm_url,
        "timeout": settings.llm_timeout_s,
        "max_retries": 0,  # the reader is the second try: waiting longer helps nobody
        "generation_kwargs": {
            "max_tokens": settings.llm_max_tokens,
            "temperature": 0.0,
            "stream_options": {"include_usage": True},
        },
    }
    return OpenAIChatGenerator(**{**made_with, **settings.llm_options})


def _named(settings: Settings) -> Any:
    """The chat generator of that dotted name, made as from YAML: options may hold secrets by the name of
    their variable, and other components.
    """
    module, _, name = settings.llm_generator.rpartition(".")
    try:
        kind = getattr(import_module(module), name)
        own_name = f"{kind.__module__}.{kind.__name__}"
        return kind.from_dict({"type": own_name, "init_parameters": dict(settings.llm_options)})
    except Exception as error:  # whatever a class of anyone's raises, with a text that may hold a key
        raise ModelError(
            f"The LLM {settings.llm_generator} cannot be opened with these options ({type(error).__name__}).",
            code="model_invalid",
        ) from error


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
    RuntimeError,
    OSError,
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
