"""What the wire to an OpenAI-compatible server can raise, and the error that it becomes."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import openai

from rag.errors import GeneratorError

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
