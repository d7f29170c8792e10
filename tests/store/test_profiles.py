"""Profiles of collections: versions, the one in force, the way back, and what an older store becomes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from rag.errors import Conflict, NotFound
from rag.store import NewProfile, Store
from rag.store.upgrade import config
from tests.contract.store_postgres import postgres_schema, postgres_server


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        with Store.open(f"sqlite:///{tmp_path / 'footnote.db'}") as opened:
            yield opened
        return
    with postgres_schema(request.getfixturevalue("server")) as url, Store.open(url) as opened:
        yield opened


def learned(payload: str = "{}", *, adopt: bool = True) -> NewProfile:
    return NewProfile("encoder", "r1", payload, '{"pieces": []}', adopt)


def test_versions_are_adopted_and_rolled_back(store: Store) -> None:
    c = store.create_collection("c")
    assert c.profile == 0
    first = store.add_profile(c, learned('{"late_weight": 1}'))
    refused = store.add_profile(c, learned(adopt=False))
    third = store.add_profile(c, learned())
    assert [first.version, refused.version, third.version] == [1, 2, 3]
    assert (first.replaced, refused.replaced, third.replaced) == (0, None, 1)
    assert store.collection("c").profile == 3
    assert [each.active for each in store.profiles("c")] == [True, False, False]
    assert store.rollback_profile("c") == 1, "the version in force before, not the one numbered before"
    assert store.profile("c", 1).payload == '{"late_weight": 1}'
    assert store.rollback_profile("c") == 0
    with pytest.raises(Conflict) as error:
        store.rollback_profile("c")
    assert error.value.code == "nothing_to_roll_back"
    assert len(store.profiles("c")) == 3, "nothing is lost by going back"


def test_a_deleted_collection_takes_its_profiles_along(store: Store) -> None:
    old = store.create_collection("c")
    store.add_profile(old, learned())
    store.delete_collection("c")
    again = store.create_collection("c")
    assert (again.profile, store.profiles("c")) == (0, [])
    with pytest.raises(NotFound):
        store.add_profile(old, learned())
    assert store.profiles("c") == []


def test_a_version_that_is_not_there(store: Store) -> None:
    store.create_collection("c")
    with pytest.raises(NotFound) as error:
        store.profile("c", 1)
    assert error.value.code == "profile_not_found"


def test_a_store_of_the_first_version_is_upgraded(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'footnote.db'}"
    with sa.create_engine(url).begin() as connection:
        command.upgrade(config(connection), "0001")
        connection.execute(
            sa.text(
                "INSERT INTO collections (name, description, version, documents, chunks, created_at, "
                "deleted) VALUES ('c', '', 0, 0, 0, '2026-01-01 00:00:00', 0)"
            )
        )
    with Store.open(url) as store:
        c = store.collection("c")
        assert c.profile == 0
        assert store.add_profile(c, learned()).version == 1
