"""Every detector over a document's chunks, by the policy of its collection; see `Curator`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ingest.curate import language, personal, quality, repetition, secrets
from ingest.curate.repetition import Sketch
from rag.store import NewChunk, SimilarChunk, Store, fingerprint, first_reason
from rag.types import Chunk, CurationPolicy, Document, Finding, Reason

COMPARED = 2  # chunks that are compared of those that share a band
ENOUGH = 20  # documents with a signature: a further one need not be known to have it


@dataclass(frozen=True, slots=True)
class _Examined:
    """A chunk with what it is compared by."""

    chunk: NewChunk
    text: str
    fingerprint: int
    sketch: Sketch | None
    lines: Mapping[int, int]

    @property
    def signatures(self) -> tuple[int, ...]:
        bands = self.sketch.bands if self.sketch else ()
        return (self.fingerprint, *bands, *self.lines)


@dataclass(frozen=True, slots=True)
class _Shared:
    """What a document shares with the collection's others: by signature the oldest searchable chunks, which
    are the `originals` by key, and the number of documents.
    """

    similar: Mapping[int, Sequence[SimilarChunk]]
    originals: Mapping[int, tuple[Chunk, Document]]
    documents: Mapping[int, int] = field(default_factory=dict)


class Curator:
    """Looks at the chunks of one document after the other. Any number may work on one store.

    Two documents that are ingested at the same moment do not see each other; then neither is a duplicate.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def curate(self, document: Document, text: str, chunks: Sequence[NewChunk]) -> list[NewChunk]:
        """The chunks with findings, signatures and, where the policy says so, the reason of a quarantine.

        Raises NotFound `collection_not_found`.
        """
        policy = self._store.curation.policy(document.collection)
        examined = [_examine(policy, chunk, text[chunk.start : chunk.end]) for chunk in chunks]
        known = self._known(document, examined)
        first: dict[int, _Examined] = {}
        given: set[int] = set()
        curated = []
        for one in examined:
            found, original = _findings(policy, one, known, first)
            curated.append(_decided(policy, one, found, original, _new_signatures(one, known, given)))
            if curated[-1].quarantine is None:
                first.setdefault(one.fingerprint, one)
        return curated

    def _known(self, document: Document, examined: Sequence[_Examined]) -> _Shared:
        wanted = [value for one in examined for value in one.signatures]
        similar: dict[int, list[SimilarChunk]] = defaultdict(list)
        for one in self._store.curation.similar(document.collection, document.id, wanted):
            similar[one.signature].append(one)
        documents = {value: len({one.document_id for one in found}) for value, found in similar.items()}
        compared = {value for one in examined for value in one.signatures if value not in one.lines}
        oldest = {
            value: [one for one in similar[value] if one.searchable][:COMPARED]
            for value in compared & similar.keys()
        }
        keys = {one.key for found in oldest.values() for one in found}
        return _Shared(oldest, self._store.chunks.hydrate(sorted(keys)), documents)


def counts(chunks: Sequence[NewChunk]) -> dict[Reason, int]:
    """How many of the chunks have a finding of each reason."""
    return dict(Counter(reason for chunk in chunks for reason in {one.reason for one in chunk.findings}))


def _examine(policy: CurationPolicy, chunk: NewChunk, text: str) -> _Examined:
    key = fingerprint(chunk.headings, text)
    near, repeated = policy.near_duplicate != "keep", policy.boilerplate != "keep"
    sketch = repetition.sketch("\n".join((*chunk.headings, text))) if near else None
    return _Examined(chunk, text, key, sketch, repetition.line_signatures(text) if repeated else {})


def _findings(
    policy: CurationPolicy, one: _Examined, known: _Shared, first: Mapping[int, _Examined]
) -> tuple[list[Finding], int | None]:
    """Everything that was found in a chunk, and the fingerprint of the chunk that it repeats."""
    found = [
        replace(finding, start=finding.start + one.chunk.start, end=finding.end + one.chunk.start)
        if finding.start is not None and finding.end is not None
        else finding
        for finding in _of_itself(policy, one.text)
    ]
    if one.lines and (finding := repetition.find_boilerplate(one.lines, known.documents)):
        found.append(finding)
    repeats = _exact(policy, one, known, first) or _near(policy, one, known)
    return ([*found, repeats[0]], repeats[1]) if repeats else (found, None)


def _of_itself(policy: CurationPolicy, text: str) -> Iterator[Finding]:
    """What a text shows by itself; places count in it."""
    if policy.secret != "keep":
        yield from secrets.find(text)
    if policy.personal_data != "keep":
        yield from personal.find(text)
    finding = quality.find(text) if policy.low_quality != "keep" else None
    if finding:
        yield finding
    finding = language.find(text, policy.languages) if policy.language != "keep" else None
    if finding:
        yield finding


def _exact(
    policy: CurationPolicy, one: _Examined, known: _Shared, first: Mapping[int, _Examined]
) -> tuple[Finding, int] | None:
    if policy.exact_duplicate == "keep":
        return None
    if one.fingerprint in first:
        return Finding("exact_duplicate", "stands in this document before"), one.fingerprint
    for other in known.similar.get(one.fingerprint, ()):
        if other.key in known.originals:
            source = known.originals[other.key][1].source
            return Finding("exact_duplicate", f"stands in {source!r} too"), one.fingerprint
    return None


def _near(policy: CurationPolicy, one: _Examined, known: _Shared) -> tuple[Finding, int] | None:
    if policy.near_duplicate == "keep" or one.sketch is None:
        return None
    keys = {other.key: other for band in one.sketch.bands for other in known.similar.get(band, ())}
    for key in sorted(keys.keys() & known.originals.keys()):
        chunk, document = known.originals[key]
        passage = "\n".join((*chunk.headings, chunk.text))
        other = repetition.sketch(passage)
        share = repetition.resemblance(one.sketch.shingles, other.shingles) if other else 0.0
        own = "\n".join((*one.chunk.headings, one.text))
        if share >= repetition.THRESHOLD and repetition.says_the_same(own, passage):
            text = f"is {share:.0%} the same as a passage of {document.source!r}"
            return Finding("near_duplicate", text), keys[key].fingerprint
    return None


def _new_signatures(one: _Examined, known: _Shared, given: set[int]) -> tuple[int, ...]:
    """What later chunks shall find: once per document, and only until enough documents have it."""
    new = [value for value in one.signatures if value not in given and known.documents.get(value, 0) < ENOUGH]
    given.update(new)
    return tuple(new)


def _decided(
    policy: CurationPolicy,
    one: _Examined,
    found: Sequence[Finding],
    original: int | None,
    signatures: tuple[int, ...],
) -> NewChunk:
    reasons = [each.reason for each in found if policy.action(each.reason) == "quarantine"]
    return replace(
        one.chunk,
        findings=tuple(found),
        duplicate_of=original,
        signatures=signatures,
        quarantine=first_reason(reasons),
    )
