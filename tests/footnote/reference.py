"""The reference part of docs/python.md, from docstrings; `python -m tests.footnote.reference` writes it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

import footnote.haystack
from footnote import AsyncClient, Client, Footnote, FootnoteError

DOCS = Path(__file__).parents[2] / "docs" / "python.md"
MARK = "<!-- The rest of this page is made of the docstrings: python -m tests.footnote.reference -->\n"
COMPONENTS = [name for name in footnote.haystack.__all__ if name.startswith("Footnote")]


def reference() -> str:
    """Classes with their methods, as Markdown."""
    parts = [*_class(Footnote), *_class(Client), *_head(AsyncClient), *_head(FootnoteError)]
    for name in COMPONENTS:
        made = getattr(footnote.haystack, name)
        parts += _class(made) if name.endswith("Store") else [*_head(made), *_method(made.run)]
    parts += ["## load_stage", *_method(footnote.haystack.load_stage)]
    return "\n\n".join(parts) + "\n"


def written() -> str:
    """The page as it should be: what people wrote, then the reference."""
    return DOCS.read_text().partition(MARK)[0] + MARK + "\n" + reference()


def _class(kind: type) -> Iterator[str]:
    yield from _head(kind)
    for name, method in vars(kind).items():
        if not name.startswith("_") and inspect.isfunction(method):
            yield from _method(method)


def _head(kind: type) -> Iterator[str]:
    yield f"## {kind.__name__}"
    yield f"`{kind.__name__}{_signature(kind.__init__)}`"
    yield inspect.getdoc(kind) or ""


def _method(method: Callable[..., object]) -> Iterator[str]:
    owner = method.__qualname__.removesuffix(".run")
    yield f"**`{owner if owner != method.__qualname__ else method.__name__}{_signature(method)}`**"
    yield inspect.getdoc(method) or ""


def _signature(function: Callable[..., object]) -> str:
    """As written, without `self`."""
    signature = inspect.signature(function)
    kept = [one for one in signature.parameters.values() if one.name != "self"]
    written = inspect.Signature(kept, return_annotation=signature.return_annotation)
    bare = str(written).replace("-> 'None'", "")
    for text in {str(one.annotation) for one in kept} | {str(signature.return_annotation)}:
        bare = bare.replace(f"'{text}'", text)
    return bare.strip()


if __name__ == "__main__":
    DOCS.write_text(written())
