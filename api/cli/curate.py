"""Curation from the command line and behind the API: policies, and what is in quarantine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast, get_args

import typer
from rich.table import Table

from rag.errors import InvalidInput
from rag.settings import Settings
from rag.store import QuarantinedChunk, Store
from rag.types import Action, CurationPolicy, Reason

if TYPE_CHECKING:
    from rich.console import Console

_SHOWN = 160  # characters of a passage


def set_policy(store: Store, collection: str, policy: CurationPolicy) -> CurationPolicy:
    """Store a policy and return it; raises NotFound, InvalidInput `unknown_language`."""
    if policy.languages:
        from ingest.curate.language import languages

        unknown = sorted(set(policy.languages) - languages())
        if unknown:
            raise InvalidInput(
                f"{unknown[0]!r} is no language that can be told from others.", code="unknown_language"
            )
    store.curation.set_policy(collection, policy)
    return policy


def show_policy(
    settings: Settings,
    collection: str,
    given: Sequence[str],
    languages: Sequence[str] | None,
    *,
    as_json: bool,
) -> None:
    """Print the policy, after changing what is given as REASON=ACTION; `languages` replaces the list."""
    from api.http.schemas.curation import CurationOut

    actions = dict(_action(pair) for pair in given)
    with Store.open(settings.store_url) as store:
        policy = store.curation.policy(collection)
        if actions or languages is not None:
            chosen = policy.languages if languages is None else tuple(one for one in languages if one)
            policy = set_policy(store, collection, replace(_with(policy, actions), languages=chosen))
    if as_json:
        typer.echo(CurationOut.of(policy).model_dump_json(indent=2))
        return
    for reason in get_args(Reason):
        typer.echo(f"{reason:<16} {policy.action(reason)}")
    typer.echo(f"{'languages':<16} {', '.join(policy.languages) or 'any'}")


def release(settings: Settings, collection: str, chunk_ids: Sequence[str], *, as_json: bool) -> None:
    """Make passages searchable; the ids are all found, or nothing is released."""
    from api.http.schemas.curation import ReleasedOut

    with Store.open(settings.store_url) as store:
        released = store.quarantine.release(collection, chunk_ids)
    typer.echo(ReleasedOut(released=released).model_dump_json() if as_json else f"{released} released")


def show_quarantine(settings: Settings, collection: str, *, as_json: bool) -> None:
    """Print everything that is in quarantine."""
    from api.cli.console import out
    from api.http.schemas.curation import QuarantinedOut, QuarantineOut

    with Store.open(settings.store_url) as store:
        held = list(store.quarantine.every(collection))
    if as_json:
        shown = QuarantineOut(chunks=[QuarantinedOut.of(one) for one in held], next_cursor=None)
        typer.echo(shown.model_dump_json(indent=2))
    elif held:
        _print(out(), held)
    else:
        typer.echo("Nothing is in quarantine.")


def _print(console: Console, held: Sequence[QuarantinedChunk]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("chunk", "reason", "source", "why and what"):
        table.add_column(column)
    for one in held:
        why = "; ".join(finding.text for finding in one.chunk.findings)
        # a secret that is kept out of search is not shown on a screen either
        text = "" if one.reason in ("secret", "personal_data") else " ".join(one.chunk.text.split())[:_SHOWN]
        table.add_row(one.chunk.id, one.reason, one.source, f"{why}\n{text}".strip())
    console.print(table)


def _action(pair: str) -> tuple[Reason, Action]:
    """REASON=ACTION; raises InvalidInput `invalid_policy`."""
    reason, _, action = pair.partition("=")
    if reason not in get_args(Reason) or action not in get_args(Action):
        raise InvalidInput(
            f"{pair!r} is not REASON=ACTION: one of {', '.join(get_args(Reason))}, "
            f"then {', '.join(get_args(Action))}.",
            code="invalid_policy",
        )
    return cast(Reason, reason), cast(Action, action)


def _with(policy: CurationPolicy, actions: Mapping[Reason, Action]) -> CurationPolicy:
    chosen = {reason: actions.get(reason, policy.action(reason)) for reason in get_args(Reason)}
    return CurationPolicy(**chosen, languages=policy.languages)
