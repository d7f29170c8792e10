"""`footnote curation`: a collection's policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, cast, get_args

import typer

from api.cli.options import Data, Json, settings_from
from rag.errors import InvalidInput
from rag.settings import Settings
from rag.types import Action, CurationPolicy, Reason

app = typer.Typer(add_completion=False)


@app.command()
def curation(
    collection: Annotated[str, typer.Argument(help="The collection whose policy it is.")],
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="REASON=ACTION", help="keep, flag or quarantine for a reason; may be repeated."
        ),
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help='A language that belongs here; may be repeated, "" for any.'),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show or change what becomes of duplicates, boilerplate, noise, secrets and personal data."""
    _show_policy(settings_from(data=data), collection, given or (), language, as_json=json)


def _show_policy(
    settings: Settings,
    collection: str,
    given: Sequence[str],
    languages: Sequence[str] | None,
    *,
    as_json: bool,
) -> None:
    """Print the policy, after changing what is given as REASON=ACTION; `languages` replaces the list."""
    from api.http.schemas.curation import CurationOut
    from ingest.curate.policy import set_policy
    from rag.store import Store

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
