"""The manager follows the store, whatever happens to store, replicas and processes."""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexMismatch, IndexUnavailable, InvalidInput, NotFound
from rag.index import IndexManager
from rag.index.embedded import Slot
from rag.index.replica import lexical_text
from rag.index.types import Floats
from rag.settings import Settings
from rag.store import NewChunk, NewDocument, Store, document_id
from rag.types import Chunk, Document, Equals, Range
from tests.index.making import ENCODER, live, opened, put, search_dense, search_lexical, switch, unit

Open = Callable[..., IndexManager]


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    settings.data.mkdir()
    with Store.open(settings.store_url) as store:
        store.collections.create("c")
        yield store


@pytest.fixture(params=["embedded", "qdrant"])
def backend(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Settings for each kind of replica; Qdrant's local mode keeps them in a folder."""
    kinds = {"embedded": "embedded", "qdrant": f"qdrant+{settings.data / 'qdrant'}"}
    return settings.model_copy(update={"index": kinds[request.param]})


@pytest.fixture
def manage(store: Store) -> Iterator[Open]:
    managers: list[IndexManager] = []

    def open_manager(settings: Settings, *, background: bool = False, **others: object) -> IndexManager:
        # type: ignore[arg-type]
        manager = IndexManager(others.get("store", store), settings, background=background)
        managers.append(manager)
        return manager

    yield open_manager
    for manager in managers:
        manager.close()


def found(manager: IndexManager, collection: str = "c") -> list[int]:
    """The keys that both kinds of search find; every text has `plain`."""
    dense = sorted(one.key for one in search_dense(manager, collection, unit(0), 10_000))
    lexical = sorted(one.key for one in search_lexical(manager, collection, "plain", 10_000))
    assert dense == lexical
    return dense


def test_a_search_sees_what_was_committed_before_it(store: Store, backend: Settings, manage: Open) -> None:
    manager = manage(backend)
    assert found(manager) == []
    put(store, "a", "plain pump", seed=1, metadata={"year": 2020})
    assert [one.key for one in search_lexical(manager, "c", "pumps", 5)] == list(live(store))
    put(store, "b", "plain dock", seed=2, metadata={"year": 2024})
    assert found(manager) == sorted(live(store))
    assert len(search_dense(manager, "c", unit(0), 5, Range("year", gt=2021))) == 1
    put(store, "a", "plain other text", seed=3)
    assert found(manager) == sorted(live(store))
    assert search_lexical(manager, "c", "pumps", 5) == []
    store.documents.delete(document_id("c", "b"))
    assert found(manager) == sorted(live(store))


def test_similarities_and_scores_of_words_are_of_the_searches(
    store: Store, backend: Settings, manage: Open
) -> None:
    manager = manage(backend)
    for number in range(10):
        put(store, f"s{number}", f"plain w{number} pump", seed=number)
    dense = {one.key: one.score for one in search_dense(manager, "c", unit(3), 20)}
    lexical = {one.key: one.score for one in search_lexical(manager, "c", "w3 pump", 20)}
    replica = opened(manager)
    assert replica.dense.similarities(unit(3), list(dense)) == pytest.approx(dense, abs=1e-5)
    terms = replica.lexical.term_scores("w3 pump", list(lexical))
    sums = {key: sum(one.score for one in scores) for key, scores in terms.items()}
    assert sums == pytest.approx(lexical, abs=1e-5)


def test_words_of_title_and_headings_are_found(store: Store, backend: Settings, manage: Open) -> None:
    manager = manage(backend)
    text = "It is rated for 16 bar."
    document = Document("", "c", "a", "Bilge pumps", "text/plain", "")
    part = NewChunk(0, 0, len(text), None, ("Maintenance", "Pressure"), unit(1))
    store.documents.put(NewDocument(document, text, "1", [part], ENCODER.name, ENCODER.revision))
    for word in ("pump", "maintenance", "pressure", "rated"):
        assert [one.key for one in search_lexical(manager, "c", word, 5)] == list(live(store)), word


def test_a_heading_at_the_start_of_a_text_counts_once() -> None:
    document = Document("d", "c", "s", "Ferry", "text/plain", "")
    chunk = Chunk("k", "d", 0, 0, 9, None, ("Safety", "Boats"), "## Boats\nTwo.")
    assert lexical_text(chunk, document) == "Ferry\nSafety\n## Boats\nTwo."


def test_an_unknown_collection_is_not_found(store: Store, backend: Settings, manage: Open) -> None:
    manager = manage(backend)
    for search in (
        lambda: search_dense(manager, "none", unit(0), 3),
        lambda: search_lexical(manager, "none", "x", 3),
        lambda: manager.catch_up("none"),
    ):
        with pytest.raises(NotFound, match="none"):
            search()


def test_a_deleted_collection_leaves_nothing_behind(store: Store, backend: Settings, manage: Open) -> None:
    manager = manage(backend)
    put(store, "a", seed=1)
    assert len(found(manager)) == 1
    store.collections.delete("c")
    with pytest.raises(NotFound):
        found(manager)
    manager.refresh()
    assert manager.status() == []
    assert not list(backend.data.glob("index/*/c"))
    store.collections.create("c")
    assert found(manager) == []
    put(store, "b", "plain new", seed=2)
    assert found(manager) == sorted(live(store))


def test_a_collection_made_anew_may_have_another_model(store: Store, backend: Settings, manage: Open) -> None:
    manager = manage(backend)
    put(store, "a", seed=1)
    assert len(found(manager)) == 1
    store.collections.delete("c")
    store.collections.create("c")
    other = replace(ENCODER, name="other-encoder")
    put(store, "a", seed=1, encoder=other)
    assert opened(manager).spec.model == "other-encoder"
    assert len(search_lexical(manager, "c", "plain", 3)) == 1  # words need no encoder


def test_it_starts_from_the_snapshot_and_not_from_the_log(
    store: Store, settings: Settings, manage: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        put(store, f"s{number}", seed=number)
    manager = manage(settings)
    before = found(manager)
    manager.close()
    put(store, "late", seed=99)
    asked: list[int] = []
    changes = store.changes.after

    def watched(collection: str, after: int, limit: int = 1000) -> object:
        asked.append(after)
        return changes(collection, after, limit)

    monkeypatch.setattr(store.changes, "after", watched)
    again = manage(settings)
    assert len(found(again)) == len(before) + 1
    assert min(asked) == 20


@pytest.mark.parametrize("damaged", ["faiss/snapshot", "tantivy/manifest", "tantivy/words/meta.json"])
@pytest.mark.parametrize("how", ["cut", "changed", "gone"])
def test_a_damaged_replica_is_rebuilt(
    store: Store, settings: Settings, manage: Open, damaged: str, how: str
) -> None:
    for number in range(5):
        put(store, f"s{number}", seed=number)
    manager = manage(settings)
    before = found(manager)
    manager.close()
    file = settings.data / "index" / "0" / "c" / damaged
    content = bytearray(file.read_bytes())
    if how == "gone":
        file.unlink()
    else:
        content[len(content) // 2] ^= 0xFF
        file.write_bytes(content[: len(content) // 2] if how == "cut" else content)
    assert found(manage(settings)) == before


def test_another_store_under_the_same_data_is_told_apart(
    store: Store, settings: Settings, manage: Open, tmp_path: Path
) -> None:
    for number in range(5):
        put(store, f"s{number}", seed=number)
    manager = manage(settings)
    assert len(found(manager)) == 5
    manager.close()
    with Store.open(f"sqlite:///{tmp_path / 'other.db'}") as other:
        other.collections.create("c")
        for number in range(7):
            put(other, f"o{number}", "plain other", seed=100 + number)
        replaced = manage(settings, store=other)
        assert found(replaced) == sorted(live(other))
        assert len(search_lexical(replaced, "c", "other", 10)) == 7
        replaced.close()


def test_a_store_put_back_to_an_older_state_is_followed(
    store: Store, backend: Settings, manage: Open, tmp_path: Path
) -> None:
    put(store, "a", "plain kept", seed=1)
    with (
        sqlite3.connect(backend.data / "footnote.db") as now,
        sqlite3.connect(tmp_path / "backup.db") as then,
    ):
        now.backup(then)
    with Store.open(f"sqlite:///{tmp_path / 'backup.db'}") as backup:
        put(store, "b", "plain lost", seed=2)
        put(store, "d", "plain lost", seed=3)
        manager = manage(backend)
        assert len(found(manager)) == 3
        manager.close()
        restored = manage(backend, store=backup)
        assert found(restored) == sorted(live(backup))
        assert search_lexical(restored, "c", "lost", 5) == []
        restored.close()


def test_each_process_has_its_own_replicas(store: Store, settings: Settings, manage: Open) -> None:
    first, second = manage(settings), manage(settings)
    put(store, "a", seed=1)
    assert found(first) == found(second) == sorted(live(store))
    assert {path.parent.parent.name for path in settings.data.glob("index/*/c/tantivy")} == {"0", "1"}
    first.close()
    third = manage(settings)
    put(store, "b", seed=2)
    assert found(third) == found(second) == sorted(live(store))
    assert not (settings.data / "index" / "2").exists()


def test_a_slot_is_free_again_when_its_process_was_killed(tmp_path: Path) -> None:
    script = "import sys, time; from pathlib import Path; from rag.index.embedded import Slot\n"
    script += (
        f"slot = Slot.take(Path({str(tmp_path)!r})); print(slot.folder.name, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "0"
        mine = Slot.take(tmp_path)
        assert mine.folder.name == "1"
        process.kill()
        process.wait()
    assert Slot.take(tmp_path).folder.name == "0"
    mine.release()


def test_the_background_follows_saves_and_forgets(
    store: Store, settings: Settings, manage: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.replica.FLUSH_IDLE_S", 0.2)
    manager = manage(settings, background=True)
    put(store, "a", seed=1)
    assert within(10, lambda: [(one.position, one.chunks) for one in manager.status()] == [(1, 1), (1, 1)])
    folder = settings.data / "index" / "0" / "c"
    assert within(10, (folder / "faiss" / "snapshot").exists)
    assert within(10, (folder / "tantivy" / "manifest").exists)
    store.collections.delete("c")
    assert within(10, lambda: not folder.exists())


def within(seconds: float, happened: Callable[[], bool]) -> bool:
    """Whether it happens before the time is up; only a failure waits that long."""
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_leftovers_of_deleted_collections_are_swept(store: Store, settings: Settings, manage: Open) -> None:
    store.collections.create("gone")
    put(store, "a", seed=1, collection="gone")
    manager = manage(settings)
    assert len(found(manager, "gone")) == 1
    manager.close()
    store.collections.delete("gone")
    again = manage(settings)
    again.refresh()
    assert not (settings.data / "index" / "0" / "gone").exists()


def test_a_large_collection_gets_a_graph_that_outlives_the_process(
    store: Store, settings: Settings, manage: Open
) -> None:
    small = settings.model_copy(update={"hnsw_threshold": 50})
    for number in range(12):
        put(store, f"s{number}", seed=number * 10, chunks=10, metadata={"even": number % 2 == 0})
    manager = manage(small)
    manager.catch_up("c")
    manager.refresh()
    assert list(settings.data.glob("index/0/c/faiss/segment-*"))
    put(store, "late", seed=500, chunks=3)
    store.documents.delete(document_id("c", "s3"))
    expected = nearest(store, 7)
    assert [one.key for one in search_dense(manager, "c", unit(777), 7)] == expected
    manager.close()
    again = manage(small)
    assert [one.key for one in search_dense(again, "c", unit(777), 7)] == expected
    assert len(search_dense(again, "c", unit(777), 1000, Equals("even", True))) == 60
    assert len(found(again)) == 113


def nearest(store: Store, k: int) -> list[int]:
    vectors = live(store)
    return sorted(vectors, key=lambda key: -float(vectors[key] @ unit(777)))[:k]


def test_a_catch_up_stops_at_its_budget_and_goes_on_later(
    store: Store, settings: Settings, manage: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.replica.BATCH", 2)
    monkeypatch.setattr("rag.index.replica.next_batch.__defaults__", (2,))
    for number in range(7):
        put(store, f"s{number}", seed=number)
    manager = manage(settings)
    assert manager.catch_up("c", 0.0) is False
    assert {one.position for one in manager.status()} == {2}
    assert not any(one.current for one in manager.status())
    assert manager.catch_up("c") is True
    assert all(one.current and one.version == 7 for one in manager.status())


def test_a_full_disk_is_named_and_searches_go_on(
    store: Store,
    settings: Settings,
    manage: Open,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("rag.index.replica.FLUSH_IDLE_S", 0.0)
    manager = manage(settings)
    put(store, "a", seed=1)
    assert len(found(manager)) == 1

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr("rag.files.os.fsync", full)
        manager.refresh()
        assert "disk is full" in caplog.text
        assert all("disk is full" in one.detail for one in manager.status())
        assert len(found(manager)) == 1
        assert not (settings.data / "index" / "0" / "c" / "faiss" / "snapshot").exists()
    manager.refresh()
    assert [one.detail for one in manager.status()] == ["", ""]
    assert (settings.data / "index" / "0" / "c" / "faiss" / "snapshot").exists()


def test_a_full_disk_has_a_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    from rag.index import snapshot

    snapshot.write(tmp_path / "file", b"old")
    monkeypatch.setattr("rag.files.os.fsync", full)
    with pytest.raises(IndexUnavailable) as error:
        snapshot.write(tmp_path / "file", b"new")
    assert error.value.code == "index_full"
    assert snapshot.read(tmp_path / "file") == b"old"


def test_a_second_writer_is_refused_by_name(tmp_path: Path) -> None:
    from rag.index.tantivy import TantivyIndex
    from tests.contract.index_making import SPEC, make_batch, make_chunk

    first = TantivyIndex(tmp_path / "t", SPEC)
    first.apply(make_batch(1, [make_chunk(1, "d1")]))
    first.flush()
    second = TantivyIndex(tmp_path / "t", SPEC)
    with pytest.raises(IndexUnavailable) as error:
        second.apply(make_batch(2, [make_chunk(2, "d2")]))
    assert error.value.code == "index_locked"
    first.close()
    second.apply(make_batch(2, [make_chunk(2, "d2")]))
    assert second.count() == 2
    second.close()


def test_a_qdrant_folder_in_use_is_named(store: Store, settings: Settings, manage: Open) -> None:
    local = settings.model_copy(update={"index": f"qdrant+{settings.data / 'qdrant'}"})
    manage(local)
    with pytest.raises(IndexUnavailable) as error:
        manage(local)
    assert error.value.code == "index_locked"


def test_a_missing_qdrant_server_is_named(store: Store, settings: Settings, manage: Open) -> None:
    manager = manage(settings.model_copy(update={"index": "qdrant+http://127.0.0.1:9"}), background=True)
    put(store, "a", seed=1)
    with pytest.raises(IndexUnavailable, match=r"127\.0\.0\.1:9") as error:
        search_dense(manager, "c", unit(0), 3)
    assert error.value.code == "index_unavailable"
    assert error.value.status == 503
    assert within(10, lambda: any("127.0.0.1:9" in one.detail for one in manager.status()))


def test_a_qdrant_collection_that_vanished_is_filled_again(
    store: Store, settings: Settings, manage: Open
) -> None:
    manager = manage(settings.model_copy(update={"index": f"qdrant+{settings.data / 'qdrant'}"}))
    for number in range(5):
        put(store, f"s{number}", seed=number)
    assert len(found(manager)) == 5
    client = manager._backend._connection.client  # type: ignore[attr-defined]
    for one in client.get_collections().collections:
        client.delete_collection(one.name)
    with pytest.raises(IndexUnavailable, match="not found"):
        search_dense(manager, "c", unit(0), 3)
    assert found(manager) == sorted(live(store))


def test_a_closed_manager_says_so(store: Store, backend: Settings, manage: Open) -> None:
    manager = manage(backend)
    put(store, "a", seed=1)
    assert len(found(manager)) == 1
    manager.close()
    with pytest.raises(IndexUnavailable, match="closed"):
        search_dense(manager, "c", unit(0), 3)


def test_a_setting_that_means_nothing_is_refused(store: Store, settings: Settings, manage: Open) -> None:
    with pytest.raises(InvalidInput, match="weaviate") as error:
        manage(settings.model_copy(update={"index": "weaviate"}))
    assert error.value.code == "invalid_index"
    with pytest.raises(InvalidInput, match="klingon") as error:
        manage(settings.model_copy(update={"language": "klingon"}))
    assert error.value.code == "invalid_language"


def test_without_the_extra_the_message_says_what_to_install(settings: Settings) -> None:
    script = (
        "import sys; sys.modules['qdrant_client'] = None\n"
        "from rag.errors import RagError; from rag.index.manager import _backend\n"
        "from rag.settings import Settings\n"
        "_backend(Settings(index='embedded'))\n"
        "try: _backend(Settings(index='qdrant+http://localhost:1'))\n"
        "except RagError as error: print(error.code, error.message)"
    )
    environment = {**os.environ, "FOOTNOTE_DATA": str(settings.data)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.startswith("extra_missing")
    assert "footnote-rag[qdrant]" in done.stdout


def test_another_language_stems_its_own_way(store: Store, settings: Settings, manage: Open) -> None:
    put(store, "a", "plain Die Häuser am Hafen", seed=1)
    assert search_lexical(manage(settings), "c", "Haus", 5) == []
    german = settings.model_copy(update={"language": "german"})
    assert len(search_lexical(manage(german), "c", "Haus", 5)) == 1


def test_a_passage_is_found_by_its_title_and_headings(store: Store, backend: Settings, manage: Open) -> None:
    """They stand above the passage for the reader; its own text need not repeat them."""
    manager = manage(backend)
    text = "It is rated for 16 bar."
    document = Document("", "c", "a", "Bilge pumps", "text/plain", "")
    part = NewChunk(0, 0, len(text), None, ("Maintenance", "Pressure"), unit(1))
    store.documents.put(NewDocument(document, text, "1", [part], ENCODER.name, ENCODER.revision))
    for word in ("pump", "maintenance", "pressure", "rated"):
        assert [one.key for one in search_lexical(manager, "c", word, 5)] == list(live(store)), word


NEXT = replace(ENCODER, name="next-encoder", revision="r2", dimension=4)


def test_the_old_replica_answers_until_that_of_the_new_encoder_is_complete(
    store: Store, backend: Settings, manage: Open
) -> None:
    for number in range(120):  # more than are applied at a time
        put(store, f"s{number}", f"plain w{number}", seed=number)
    manager = manage(backend)
    assert manager.catch_up("c")
    keys = sorted(live(store))
    switch(store, NEXT)
    assert not manager.catch_up("c", 0.0)
    assert opened(manager).spec.model == ENCODER.name
    assert found(manager) == keys
    with pytest.raises(IndexMismatch):
        search_dense(manager, "c", axis(0), 5)
    assert manager.catch_up("c")
    assert opened(manager).spec.model == NEXT.name
    hits = search_dense(manager, "c", axis(0), 200)
    assert sorted(hit.key for hit in hits) == keys
    assert {hit.key for hit in hits if hit.score > 0.99} == {key for key in keys if key % 4 == 0}
    assert len(search_lexical(manager, "c", "plain", 200)) == 120
    with pytest.raises(IndexMismatch):
        found(manager)
    assert sorted(one.backend for one in manager.status()) == sorted(
        {"qdrant"} if backend.index.startswith("qdrant") else {"faiss", "tantivy"}
    )


def test_a_search_between_two_encoders_never_mixes_them(
    store: Store, backend: Settings, manage: Open
) -> None:
    manager = manage(backend)
    put(store, "a", seed=1)
    assert found(manager)
    switch(store, NEXT)
    document = Document("", "c", "b", "b", "text/plain", "")
    part = NewChunk(0, 0, 5, None, (), axis(1))
    store.documents.put(NewDocument(document, "plain", "1", [part], NEXT.name, NEXT.revision))
    assert [one.key for one in search_dense(manager, "c", unit(1), 5)] == [min(live(store))], "of the old"
    third = replace(NEXT, name="third", dimension=8)
    switch(store, third)
    manager.refresh()
    assert opened(manager).spec.model == "third"
    assert len(search_dense(manager, "c", axis(0, 8), 5)) == 2


def test_a_new_process_opens_the_replica_of_the_present_encoder_and_sweeps_the_old(
    store: Store, settings: Settings, manage: Open
) -> None:
    put(store, "a", seed=1)
    first = manage(settings)
    assert first.catch_up("c")
    switch(store, NEXT)
    assert first.catch_up("c")
    first.close()
    slot = next(path for path in (settings.data / "index").iterdir() if path.is_dir())
    assert sorted(path.name for path in slot.iterdir() if path.is_dir()) == ["c~1"]
    (slot / "c").mkdir()
    second = manage(settings)
    second.refresh()
    assert opened(second).spec.model == NEXT.name
    assert len(search_dense(second, "c", axis(0), 5)) == 1
    assert sorted(path.name for path in slot.iterdir() if path.is_dir()) == ["c~1"]


def axis(number: int, dimension: int = 4) -> Floats:
    vector = np.zeros(dimension, np.float32)
    vector[number] = 1
    return vector
