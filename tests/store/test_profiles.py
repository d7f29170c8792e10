"""Profiles of collections: versions, the one in force, the way back, and what an older store becomes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from rag.errors import Conflict, NotFound
from rag.store import NewProfile, Store
from rag.store.engines import make_engine, parse_url
from rag.store.migrate import alembic_config
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
    c = store.collections.create("c")
    assert c.profile == 0
    first = store.learned.add(c, learned('{"late_weight": 1}'))
    refused = store.learned.add(c, learned(adopt=False))
    third = store.learned.add(c, learned())
    assert [first.version, refused.version, third.version] == [1, 2, 3]
    assert (first.replaced, refused.replaced, third.replaced) == (0, None, 1)
    assert store.collections.get("c").profile == 3
    assert [each.active for each in store.learned.all("c")] == [True, False, False]
    assert store.learned.rollback("c") == 1, "the version in force before, not the one numbered before"
    assert store.learned.get("c", 1).payload == '{"late_weight": 1}'
    assert store.learned.rollback("c") == 0
    with pytest.raises(Conflict) as error:
        store.learned.rollback("c")
    assert error.value.code == "nothing_to_roll_back"
    assert len(store.learned.all("c")) == 3, "nothing is lost by going back"


def test_a_deleted_collection_takes_its_profiles_along(store: Store) -> None:
    old = store.collections.create("c")
    store.learned.add(old, learned())
    store.collections.delete("c")
    again = store.collections.create("c")
    assert (again.profile, store.learned.all("c")) == (0, [])
    with pytest.raises(NotFound):
        store.learned.add(old, learned())
    assert store.learned.all("c") == []


def test_a_version_that_is_not_there(store: Store) -> None:
    store.collections.create("c")
    with pytest.raises(NotFound) as error:
        store.learned.get("c", 1)
    assert error.value.code == "profile_not_found"


def test_a_store_of_the_first_version_is_upgraded(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'footnote.db'}"
    engine = make_engine(parse_url(url))
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0001")
        columns = "name, description, version, documents, chunks, created_at, deleted"
        connection.execute(
            sa.text(f"INSERT INTO collections ({columns}) VALUES ('c', '', 0, 0, 0, '2026-01-01', FALSE)")
        )
    engine.dispose()
    with Store.open(url) as store:
        c = store.collections.get("c")
        assert c.profile == 0
        assert store.learned.add(c, learned()).version == 1
