"""The extra `eval`: what to say when it is not installed, or does not fit together."""

from __future__ import annotations

from importlib.util import find_spec

from rag.errors import ModelError

ADVICE = "Install it with: pip install 'footnote-rag[eval]'"


def require(*modules: str) -> None:
    """Raise ModelError `extra_missing` when one of the top-level modules is not installed; imports none of
    them.
    """
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise ModelError(
            f"This needs the extra eval ({', '.join(missing)} is missing). {ADVICE}", code="extra_missing"
        )


def unusable(error: ImportError) -> ModelError:
    """For packages that are there and cannot be imported, e.g. RAGAS beside langchain-community 0.4."""
    return ModelError(f"The extra eval does not import ({error}). {ADVICE}", code="extra_missing")
