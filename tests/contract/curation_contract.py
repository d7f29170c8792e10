"""What every store must do for curation. A subclass gives the fixture `url` of an empty one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import Conflict, InvalidInput, NotFound
from rag.store import JobItem, NewChunk, NewDocument, Store, document_id, fingerprint
from rag.types import CurationPolicy, Finding
from tests.contract.store_making import MODEL, make_chunk, make_document

A, B, C = (document_id("c", source) for source in ("a.txt", "b.txt", "c.txt"))
LOCKED = CurationPolicy(exact_duplicate="quarantine", near_duplicate="quarantine", secret="quarantine")
EXACT = Finding("exact_duplicate", "stands in 'a.txt' too")


def put(store: Store, source: str, *chunks: tuple[str, str | None], repeats: str | None = None) -> None:
    """A document of these (passage, quarantine) pairs; a quarantined one repeats itself, or `repeats`."""
    text, made, start = "\n".join(passage for passage, _ in chunks), [], 0
    for ordinal, (passage, quarantine) in enumerate(chunks):
        made.append(_chunk(ordinal, start, passage, quarantine, repeats))
        start += len(passage) + 1
    store.documents.put(NewDocument(make_document("c", source).document, text, text, made, *MODEL))


def _chunk(ordinal: int, start: int, text: str, quarantine: str | None, repeats: str | None) -> NewChunk:
    is_copy = quarantine is not None and quarantine.endswith("duplicate")
    original = fingerprint((), repeats or text) if is_copy else None
    found = (Finding(quarantine, "found"),) if quarantine else ()  # type: ignore[arg-type]
    values = {"quarantine": quarantine, "findings": found, "duplicate_of": original}
    return make_chunk(ordinal, start, start + len(text), **values)


def texts(store: Store, *sources: str) -> list[str]:
    """What replicas see of these documents."""
    ids = [document_id("c", source) for source in sources]
    return sorted(found.chunk.text for found in store.changes.embedded(ids, *MODEL))


class CurationContract:
    @pytest.fixture
    def store(self, url: str) -> Iterator[Store]:
        with Store.open(url) as store:
            store.collections.create("c")
            yield store
            assert store.audit.problems() == []

    # duplicates and their originals

    def test_a_duplicate_waits_while_its_original_is_there(self, store: Store) -> None:
        put(store, "a.txt", ("Same.", None))
        put(store, "b.txt", ("Same.", "exact_duplicate"), ("More.", None))
        assert texts(store, "a.txt", "b.txt") == ["More.", "Same."]
        store.documents.delete(A)
        assert texts(store, "b.txt") == ["More.", "Same."]
        record = store.documents.get(B)
        assert (record.chunks, record.quarantined, store.collections.get("c").chunks) == (2, 0, 2)
        last = store.changes.after("c", 0)[-1]
        assert (last.document_id, last.operation) == (B, "put")

    def test_an_original_that_changes_elsewhere_frees_nothing(self, store: Store) -> None:
        put(store, "a.txt", ("Old.", None), ("Same.", None))
        put(store, "b.txt", ("Same.", "exact_duplicate"))
        version = store.changes.version("c")
        put(store, "a.txt", ("New and moved.", None), ("Then.", None), ("Same.", None))
        assert store.changes.version("c") == version + 1
        assert texts(store, "b.txt") == []

    def test_an_original_that_loses_the_passage_frees_the_first_that_waits(self, store: Store) -> None:
        put(store, "a.txt", ("Same.", None))
        for source in ("b.txt", "c.txt"):
            put(store, source, ("Same.", "exact_duplicate"))
        put(store, "a.txt", ("Other.", None))
        assert texts(store, "b.txt") == ["Same."]
        assert texts(store, "c.txt") == []
        store.documents.delete(B)
        assert texts(store, "c.txt") == ["Same."]

    def test_a_near_duplicate_comes_back_and_its_own_copies_wait_for_it(self, store: Store) -> None:
        put(store, "a.txt", ("The original.", None))
        put(store, "b.txt", ("The 0riginal.", "near_duplicate"), repeats="The original.")
        put(store, "c.txt", ("The 0riginal.", "near_duplicate"), repeats="The original.")
        store.documents.delete(A)
        assert texts(store, "b.txt") == ["The 0riginal."]
        assert texts(store, "c.txt") == []
        store.documents.delete(B)
        assert texts(store, "c.txt") == ["The 0riginal."]

    def test_a_duplicate_of_what_is_gone_meanwhile_is_searched(self, store: Store) -> None:
        """The original was there when the curator looked, and is deleted before the document is written."""
        put(store, "b.txt", ("Same.", "exact_duplicate"))
        assert texts(store, "b.txt") == ["Same."]
        assert store.documents.get(B).quarantined == 0

    def test_an_original_in_another_collection_does_not_count(self, store: Store) -> None:
        store.collections.create("d")
        store.documents.put(make_document("d", "a.txt", "Same."))
        put(store, "b.txt", ("Same.", "exact_duplicate"))
        assert texts(store, "b.txt") == ["Same."]

    def test_a_secret_stays_when_its_original_goes(self, store: Store) -> None:
        put(store, "a.txt", ("Same.", None))
        put(store, "b.txt", ("Same.", "secret"))
        store.documents.delete(A)
        assert texts(store, "b.txt") == []

    def test_every_text_that_is_stored_can_be_found(self, store: Store) -> None:
        """Whatever comes, changes and goes: a text is out of search only while another chunk has it there."""
        steps = st.tuples(st.sampled_from("abcd"), st.lists(st.sampled_from("xyz"), max_size=3))

        @settings(max_examples=15, deadline=None)
        @given(st.lists(steps, max_size=12))
        def check(steps: Sequence[tuple[str, Sequence[str]]]) -> None:
            for source, passages in steps:
                if passages:
                    put(store, source, *((one, "exact_duplicate") for one in passages))
                elif store.documents.find("c", source):
                    store.documents.delete(document_id("c", source))
            present = [source for source in "abcd" if store.documents.find("c", source)]
            assert set(texts(store, *present)) == {one for source in present for one in _all(store, source)}
            assert store.audit.problems() == []
            for source in present:
                store.documents.delete(document_id("c", source))

        check()

    # the quarantine

    def test_what_is_released_is_searched_and_stays_so(self, store: Store) -> None:
        put(store, "a.txt", ("Public.", None), ("Key: 1.", "secret"))
        [held] = store.quarantine.of(A)
        assert (held.source, held.title, held.reason) == ("a.txt", "A title", "secret")
        assert store.quarantine.release("c", [held.chunk.id]) == 1
        assert texts(store, "a.txt") == ["Key: 1.", "Public."]
        assert store.quarantine.release("c", [held.chunk.id]) == 0
        put(store, "a.txt", ("Something new in front.", None), ("Key: 1.", "secret"), ("Key: 2.", "secret"))
        assert texts(store, "a.txt") == ["Key: 1.", "Something new in front."]
        store.documents.delete(A)
        put(store, "a.txt", ("Key: 1.", "secret"))
        assert texts(store, "a.txt") == ["Key: 1."]
        put(store, "b.txt", ("Key: 1.", "secret"))
        assert texts(store, "b.txt") == []

    def test_a_release_is_all_or_nothing(self, store: Store) -> None:
        put(store, "a.txt", ("Key: 1.", "secret"))
        [held] = store.quarantine.of(A)
        for unknown in ("0" * 24, "", "a\0", "\ud800"):
            with pytest.raises(NotFound) as error:
                store.quarantine.release("c", [held.chunk.id, unknown])
            assert error.value.code == "chunk_not_found"
        assert texts(store, "a.txt") == []
        store.collections.create("d")
        with pytest.raises(NotFound):
            store.quarantine.release("d", [held.chunk.id])

    def test_a_chunk_without_vectors_cannot_be_released(self, store: Store) -> None:
        bare = make_chunk(0, 0, 4, quarantine="secret", dense=make_chunk(0, 0, 1).dense[:0])
        document = make_document("c", "a.txt").document
        store.documents.put(NewDocument(document, "Key.", "h", [bare], *MODEL))
        [held] = store.quarantine.of(A)
        with pytest.raises(Conflict) as error:
            store.quarantine.release("c", [held.chunk.id])
        assert error.value.code == "chunk_without_vectors"

    def test_the_quarantine_is_listed_in_pages(self, store: Store) -> None:
        put(store, "a.txt", ("1.", "secret"), ("2.", None), ("3.", "low_quality"))
        put(store, "b.txt", ("4.", "secret"))
        first, cursor = store.quarantine.page("c", limit=2)
        rest, end = store.quarantine.page("c", limit=2, cursor=cursor)
        assert [held.chunk.text for held in (*first, *rest)] == ["1.", "3.", "4."]
        assert end is None
        secrets, _ = store.quarantine.page("c", reason="secret")
        assert [(held.source, held.chunk.text) for held in secrets] == [("a.txt", "1."), ("b.txt", "4.")]
        for bad in ("x", "-1", "", "9" * 40, "²"):
            with pytest.raises(InvalidInput) as error:
                store.quarantine.page("c", cursor=bad)
            assert error.value.code == "invalid_cursor"
        with pytest.raises(InvalidInput):
            store.quarantine.page("c", limit=0)

    def test_findings_come_back_with_the_chunk(self, store: Store) -> None:
        findings = (Finding("secret", "AWS \0key", 3, 9), Finding("low_quality", "noise"))
        store.documents.put(make_document("c", "a.txt", findings=findings))
        [chunk] = store.chunks.of(A)
        assert chunk.findings == (Finding("secret", "AWS \ufffdkey", 3, 9), Finding("low_quality", "noise"))
        [found] = store.changes.embedded([A], *MODEL)
        assert store.chunks.hydrate([found.key])[found.key][0] == chunk == found.chunk

    # policies

    def test_a_policy_is_kept_and_goes_with_the_collection(self, store: Store) -> None:
        assert store.curation.policy("c") == CurationPolicy()
        wanted = CurationPolicy(secret="quarantine", boilerplate="keep", languages=("de", "en"))
        store.curation.set_policy("c", wanted)
        assert store.curation.policy("c") == wanted
        store.collections.delete("c")
        with pytest.raises(NotFound):
            store.curation.policy("c")
        store.collections.create("c")
        assert store.curation.policy("c") == CurationPolicy()

    def test_a_policy_holds_for_what_was_found_before(self, store: Store) -> None:
        flagged = {"findings": (Finding("secret", "key"), Finding("low_quality", "noise"))}
        store.documents.put(make_document("c", "a.txt", "Key: 1.", **flagged))
        store.curation.set_policy("c", CurationPolicy(secret="quarantine"))
        assert [held.reason for held in store.quarantine.of(A)] == ["secret"]
        assert texts(store, "a.txt") == []
        store.curation.set_policy("c", CurationPolicy(low_quality="quarantine"))
        assert [held.reason for held in store.quarantine.of(A)] == ["low_quality"]
        store.curation.set_policy("c", CurationPolicy(low_quality="keep"))
        [chunk] = store.chunks.of(A)
        assert chunk.findings == (Finding("secret", "key"),)
        assert texts(store, "a.txt") == ["Key: 1."]

    def test_a_policy_does_not_take_back_a_release(self, store: Store) -> None:
        put(store, "a.txt", ("Key: 1.", "secret"))
        [held] = store.quarantine.of(A)
        store.quarantine.release("c", [held.chunk.id])
        store.curation.set_policy("c", LOCKED)
        assert texts(store, "a.txt") == ["Key: 1."]

    def test_of_flagged_duplicates_one_stays_in_search(self, store: Store) -> None:
        """Each of two documents was flagged as a duplicate of the other, which came about by replacing."""
        same = {"findings": (EXACT,), "duplicate_of": fingerprint((), "Same.")}
        for source in ("a.txt", "b.txt", "c.txt"):
            store.documents.put(make_document("c", source, "Same.", **same))
        store.curation.set_policy("c", LOCKED)
        assert texts(store, "a.txt", "b.txt", "c.txt") == ["Same."]

    def test_quarantining_an_original_brings_its_duplicate_back(self, store: Store) -> None:
        store.curation.set_policy("c", CurationPolicy(exact_duplicate="quarantine"))
        store.documents.put(make_document("c", "a.txt", "Same.", findings=(Finding("boilerplate", "found"),)))
        put(store, "b.txt", ("Same.", "exact_duplicate"))
        assert texts(store, "b.txt") == []
        store.curation.set_policy("c", CurationPolicy(exact_duplicate="quarantine", boilerplate="quarantine"))
        assert texts(store, "a.txt", "b.txt") == ["Same."]

    # what is alike

    def test_chunks_with_a_mark_are_found_in_other_documents(self, store: Store) -> None:
        store.documents.put(make_document("c", "a.txt", "One.", signatures=(7, -(2**63))))
        store.documents.put(make_document("c", "b.txt", "Two.", signatures=(7, 8), quarantine="secret"))
        store.collections.create("d")
        store.documents.put(make_document("d", "a.txt", "One.", signatures=(7,)))
        found = store.curation.similar("c", C, [7, 8, 9, -(2**63)])
        ordered = sorted(found, key=lambda one: (one.signature, one.key))
        assert [(one.signature, one.document_id, one.searchable) for one in ordered] == [
            (-(2**63), A, True), (7, A, True), (7, B, False), (8, B, False),
        ]  # fmt: skip
        assert found[0].fingerprint == fingerprint((), "One.")
        assert [one.document_id for one in store.curation.similar("c", A, [7])] == [B]
        store.documents.delete(B)
        assert store.curation.similar("c", A, [7, 8]) == []
        assert store.curation.similar("c", C, []) == []

    # jobs

    def test_a_job_counts_what_was_found_once(self, store: Store) -> None:
        job = store.jobs.create("upload", "c", [JobItem(f"{n}.txt", payload=b"x") for n in range(2)])
        first, second = store.jobs.items(job.id)
        store.jobs.finish_item(first.id, "added", quarantined=1, findings={"secret": 1, "boilerplate": 2})
        store.jobs.finish_item(first.id, "added", findings={"secret": 1})
        store.jobs.finish_item(second.id, "replaced", findings={"boilerplate": 3})
        assert dict(store.jobs.get(job.id).curation) == {"boilerplate": 5, "secret": 1}
        assert store.jobs.get(job.id).counts.quarantined == 1


def _all(store: Store, source: str) -> list[str]:
    key = document_id("c", source)
    held = [one.chunk.text for one in store.quarantine.of(key)]
    return [*held, *(chunk.text for chunk in store.chunks.of(key))]
