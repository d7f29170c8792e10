"""Lexical search by Tantivy: BM25 over stemmed words of folded text, updated in place.

Tantivy fixes k1 at 1.2 and b at 0.75, counts a text's length in 256 steps (exact up to 40 words), and keeps
deleted chunks in its statistics until their segment is merged. A query is a bag of words: nothing in it is
syntax.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import tantivy

from rag.errors import IndexUnavailable, InvalidInput
from rag.index import snapshot
from rag.index.catalogue import Catalogue
from rag.index.types import Batch, IndexedChunk, IndexSpec, Scored, TermScore, exact_top
from rag.index.vocabulary import Vocabulary
from rag.text.folding import folded
from rag.text.words import QUOTING_STOP_WORDS
from rag.types import Filter, Not, Span

LANGUAGES = (
    "arabic",
    "danish",
    "dutch",
    "english",
    "finnish",
    "french",
    "german",
    "greek",
    "hungarian",
    "italian",
    "norwegian",
    "portuguese",
    "romanian",
    "russian",
    "spanish",
    "swedish",
    "tamil",
    "turkish",
)
STOPPED = frozenset(LANGUAGES) - {"arabic", "greek", "romanian", "tamil", "turkish"}
"""Languages that Tantivy has a list of stop words for."""
LONGEST_WORD = 256
"""Bytes; longer runs of letters (encoded data, mostly) are not searchable."""
VERSION = 3
"""Raised when the words of a chunk, or the payload beside them in Qdrant, are taken otherwise than before:
indexes of the old way are rebuilt."""
MOST_TERMS = 128
"""Different words of a query that are looked up: the first ones."""
LONGEST_SPELLING = 48
"""Bytes; what is longer is no word whose spelling could be corrected, or corrected to."""
SPELLINGS = "footnote_spellings"
MARKED_TERMS = 20
"""Terms told apart in one search for the matched ones: their marks are bits of a 24-bit mantissa."""
WRITER_BYTES = 32_000_000

Query = tantivy.Query
MUST, SHOULD, MUST_NOT = tantivy.Occur.Must, tantivy.Occur.Should, tantivy.Occur.MustNot


@dataclass(frozen=True, slots=True)
class Term:
    """A word as the index knows it, the word as it was written, and how often the text has it."""

    stem: str
    word: str
    count: int


class Analyzer:
    """Text to stems: words of folded text (`rag.text.folding`) in lower case, without accents, cut by the
    language's Snowball stemmer.

    A query leaves out its stop words (for English Lucene's 33) unless it has no other; texts keep theirs, so
    that such a query finds something. Raises InvalidInput `invalid_language`. `none` leaves words unstemmed.
    """

    def __init__(self, language: str = "english") -> None:
        self.language = language
        self.name = f"footnote_{language}_{VERSION}"
        self.analyzer = _analyzer(language)
        self._telling = _analyzer(language, stop_words=False)

    def stems(self, text: str) -> list[str]:
        """Every word's stem, in order."""
        return list(self.analyzer.analyze(searched(text)))

    def terms(self, text: str) -> list[Term]:
        """A query's different stems in the order of their first word, at most MOST_TERMS."""
        counts: dict[str, int] = {}
        words: dict[str, str] = {}
        query = folded(_sound(text), singles=False)
        telling = self._telling.pre_tokenize(query.text).tokens
        for token in telling or self.analyzer.pre_tokenize(query.text).tokens:
            counts[token.text] = counts.get(token.text, 0) + 1
            start, end = query.span(token.char_offset_from, token.char_offset_to)
            words.setdefault(token.text, text[start:end])
        return [Term(stem, words[stem], count) for stem, count in counts.items()][:MOST_TERMS]

    def places(self, text: str) -> dict[str, list[Span]]:
        """Where each stem of the text stands in it, in characters."""
        found: dict[str, list[Span]] = {}
        read = folded(_sound(text), singles=True)
        for token in self.analyzer.pre_tokenize(read.text).tokens:
            span = Span(*read.span(token.char_offset_from, token.char_offset_to))
            found.setdefault(token.text, []).append(span)
        return found


class TantivyIndex:
    """A lexical replica in `folder` (None: in memory). Each batch is one commit, visible at once.

    The position is written by `flush` alone, so it may lag behind the commits: the batches in between are
    then applied again, which does no harm. Raises IndexMismatch when the folder holds an index of another
    model or collection, IndexUnavailable `index_locked` when another process writes to it.
    """

    def __init__(self, folder: Path | None, spec: IndexSpec, *, language: str = "english") -> None:
        self._folder = folder
        self._spec = spec
        self._analyzer = Analyzer(language)
        self._schema = _schema(self._analyzer.name)
        self._writing = Lock()
        self._writer: Any = None
        self._position = 0
        self._saved: int | None = None
        self._vocabulary: tuple[int, Vocabulary] | None = None
        self._catalogue = Catalogue()
        # After a crash there may be chunks of documents whose metadata is not known until the log is applied
        # again. Then a filter names the documents that it allows, even where naming the others would be
        # faster.
        self._complete = True
        self._index = self._open()

    @property
    def spec(self) -> IndexSpec:
        return self._spec

    @property
    def position(self) -> int:
        return self._position

    def count(self) -> int:
        return int(self._index.searcher().num_docs)

    def lexical(self, text: str, k: int, filters: Filter | None = None) -> list[Scored]:
        terms = self._analyzer.terms(text)
        searcher = self._index.searcher()
        query = self._filtered(self._words(terms), filters)
        if not terms or query is None:
            return []
        found = exact_top(lambda count: _ask(searcher, query, count), k, int(searcher.num_docs))
        matched = self._matched(searcher, terms, [scored.key for scored in found])
        return [Scored(scored.key, scored.score, matched.get(scored.key, ())) for scored in found]

    def has_field(self, key: str) -> bool:
        return self._catalogue.has(key)

    def term_scores(self, text: str, keys: Sequence[int]) -> dict[int, tuple[TermScore, ...]]:
        if not keys:
            return {}
        terms, searcher = self._analyzer.terms(text), self._index.searcher()
        hits = searcher.search(self._these(keys), len(keys), count=False).hits
        found = searcher.fast_field_values("key", [address for _, address in hits])
        matched = self._matched(searcher, terms, keys)
        return {
            int(key): tuple(
                self._term_score(searcher, term, address)
                for term in terms
                if term.word in matched.get(int(key), ())
            )
            for key, (_, address) in zip(found, hits, strict=True)
        }

    def vocabulary(self) -> Vocabulary:
        """The words as they are written, in lower case; made at the first call after a batch."""
        kept, position, searcher = self._vocabulary, self._position, self._index.searcher()
        if kept is not None and kept[0] == position:
            return kept[1]
        counted = searcher.terms_with_prefix("spelling", "")
        made = Vocabulary.of(counted, self._frequency, self._knows)
        self._vocabulary = (position, made)
        return made

    def _frequency(self, word: str) -> int:
        """The live chunks that have the word as it is written."""
        query = Query.term_query(self._schema, "spelling", word, "basic")
        return int(self._index.searcher().search(query, 1, count=True).count)

    def _knows(self, word: str) -> bool:
        searcher = self._index.searcher()
        return any(searcher.doc_freq("text", stem) for stem in self._analyzer.stems(word))

    def _term_score(self, searcher: Any, term: Term, address: Any) -> TermScore:
        """Tantivy's own account of a term that the chunk has: value = (k1 + 1) · idf · saturation."""
        told = json.loads(self._word(term).explain(searcher, address).to_json())
        idf = next(one["value"] for one in told["details"] if one["description"].startswith("idf"))
        return TermScore(
            term.stem, term.word, term.count * told["value"], term.count, idf, told["value"] / idf
        )

    def apply(self, batch: Batch) -> None:
        if batch.position <= self._position:
            return
        with self._writing, _index_errors(self._folder), self._fresh_after_failure():
            writer = self._open_writer()
            for document in {*batch.removed, *(chunk.document_id for chunk in batch.added)}:
                writer.delete_documents_by_term("document", document)
            for chunk in batch.added:
                writer.add_document(_entry(chunk))
            writer.commit()
            self._index.reload()
            self._catalogue.remove(batch.removed)
            self._catalogue.put(batch.documents)
            self._position = batch.position

    def maintain(self) -> bool:
        """Tantivy merges its segments by itself."""
        return False

    def flush(self) -> None:
        with self._writing:
            if self._folder is None or self._saved == self._position:
                return
            documents = list(self._catalogue)
            manifest = snapshot.Manifest(self._spec, self._position, documents, _commit(self._folder))
            snapshot.write(self._folder / "manifest", manifest.to_json())
            self._saved = self._position

    def close(self, *, save: bool = True) -> None:
        if save:
            self.flush()
        with self._writing, _index_errors(self._folder):
            if self._writer is not None:
                self._writer.wait_merging_threads()
                self._writer = None

    def _open(self) -> Any:
        if self._folder is None:
            return self._registered(tantivy.Index(self._schema))
        files = self._folder / "words"
        if self._resume():
            try:
                return self._registered(tantivy.Index(self._schema, path=str(files)))
            except ValueError:  # damaged, or of another language or version: start again
                self._position, self._saved, self._catalogue = 0, None, Catalogue()
        self._complete = True
        snapshot.clear(self._folder)
        with snapshot.index_errors(files):
            files.mkdir(parents=True)
        with _index_errors(files):
            return self._registered(tantivy.Index(self._schema, path=str(files)))

    def _resume(self) -> bool:
        """Take up the position and the documents of the last flush, if there was one."""
        assert self._folder is not None
        payload, commit = snapshot.read(self._folder / "manifest"), _commit(self._folder)
        if payload is None:
            return False
        manifest = snapshot.Manifest.from_json(payload)
        snapshot.check_spec("tantivy", manifest.spec, self._spec)
        if commit is None or int(commit) < int(manifest.segment or 0):
            return False
        self._position = self._saved = manifest.position
        self._catalogue = Catalogue(manifest.documents)
        self._complete = manifest.segment == commit
        return True

    def _registered(self, index: Any) -> Any:
        index.register_tokenizer(self._analyzer.name, self._analyzer.analyzer)
        index.register_tokenizer(SPELLINGS, _spellings())
        index.config_reader("manual")
        index.reload()
        return index

    def _open_writer(self) -> Any:
        if self._writer is None:
            self._writer = self._index.writer(heap_size=WRITER_BYTES, num_threads=1)
        return self._writer

    @contextmanager
    def _fresh_after_failure(self) -> Iterator[None]:
        """A writer that failed half-way takes no more documents: the next batch gets a new one."""
        done = False
        try:
            yield
            done = True
        finally:
            if not done:
                self._writer = None

    def _word(self, term: Term) -> Any:
        return Query.term_query(self._schema, "text", term.stem, "freq")

    def _words(self, terms: Sequence[Term]) -> Any:
        """Any of the terms; one that the query repeats counts as often."""
        return Query.boolean_query(
            [(SHOULD, Query.boost_query(self._word(term), float(term.count))) for term in terms]
        )

    def _these(self, keys: Sequence[int]) -> Any:
        return Query.boolean_query(
            [(SHOULD, Query.term_query(self._schema, "key", key, "basic")) for key in keys]
        )

    def _filtered(self, query: Any, filters: Filter | None) -> Any | None:
        """The query within the documents that the filter allows; None when it allows none."""
        if filters is None:
            return query
        allowed = self._catalogue.allowed(filters)
        if not allowed:
            return None
        if self._complete and len(allowed) > len(self._catalogue) / 2:
            barred = self._catalogue.allowed(Not(filters))
            return Query.boolean_query([(MUST, query), (MUST_NOT, self._documents(barred))])
        within = Query.boost_query(Query.const_score_query(self._documents(allowed), 0.0), 0.0)
        return Query.boolean_query([(MUST, query), (MUST, within)])

    def _documents(self, ids: Iterable[str]) -> Any:
        return Query.term_set_query(self._schema, "document", list(ids))

    def _matched(
        self, searcher: Any, terms: Sequence[Term], keys: Sequence[int]
    ) -> dict[int, tuple[str, ...]]:
        """The words of the query that each of the given chunks has, by key."""
        matched: dict[int, tuple[str, ...]] = {}
        for start in range(0, len(terms), MARKED_TERMS):
            some = terms[start : start + MARKED_TERMS]
            for key, marks in self._marks(searcher, some, keys).items():
                words = tuple(term.word for bit, term in enumerate(some) if marks >> bit & 1)
                matched[key] = matched.get(key, ()) + words
        return matched

    def _marks(self, searcher: Any, terms: Sequence[Term], keys: Sequence[int]) -> dict[int, int]:
        """For each key a number whose n-th bit says whether the chunk has the n-th term.

        One search instead of one per term: the n-th term scores 2**n and nothing else scores, so the sum,
        exact in a 32-bit float, is that number. The terms are optional one inside the other, not side by
        side: so each is looked up for these few chunks only; a union would walk through all that have it.
        """
        if not keys:
            return {}
        query = Query.boost_query(self._these(keys), 0.0)
        for bit, term in enumerate(terms):
            mark = Query.const_score_query(self._word(term), float(2**bit))
            query = Query.boolean_query([(MUST, query), (SHOULD, mark)])
        return {scored.key: round(scored.score) for scored in _ask(searcher, query, len(keys))}


def _analyzer(language: str, *, stop_words: bool = True) -> Any:
    if language != "none" and language not in LANGUAGES:
        raise InvalidInput(
            f"There is no stemmer for {language!r}; there is one for {', '.join(LANGUAGES)}, and `none`.",
            code="invalid_language",
        )
    filters = tantivy.Filter
    build = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    build = build.filter(filters.remove_long(LONGEST_WORD)).filter(filters.lowercase())
    if not stop_words and language in STOPPED:
        build = build.filter(filters.stopword(language))
    if language in ("english", "none"):  # other stemmers tell accented letters apart
        build = build.filter(filters.ascii_fold())
    if language != "none":
        build = build.filter(filters.stemmer(language))
    return build.filter(filters.ascii_fold()).build()


def _spellings() -> Any:
    """Words in lower case without the commonest: neither stemmed nor folded, as somebody is to read them."""
    filters = tantivy.Filter
    build = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    build = build.filter(filters.remove_long(LONGEST_SPELLING)).filter(filters.lowercase())
    return build.filter(filters.custom_stopword(sorted(QUOTING_STOP_WORDS))).build()


def _commit(folder: Path) -> str | None:
    """Which commit is the index's last one; merges do not change it."""
    try:
        return str(json.loads((folder / "words" / "meta.json").read_text())["opstamp"])
    except (OSError, ValueError, KeyError):
        return None


def _schema(tokenizer: str) -> Any:
    """The analyzer's name is part of it: an index of another language or version does not open."""
    build = tantivy.SchemaBuilder()
    build.add_unsigned_field("key", stored=False, indexed=True, fast=True)
    build.add_text_field("document", stored=False, tokenizer_name="raw", index_option="basic")
    build.add_text_field("text", stored=False, tokenizer_name=tokenizer, index_option="freq")
    build.add_text_field("spelling", stored=False, tokenizer_name=SPELLINGS, index_option="basic")
    return build.build()


def _entry(chunk: IndexedChunk) -> Any:
    entry = tantivy.Document()
    entry.add_unsigned("key", chunk.key)
    entry.add_text("document", chunk.document_id)
    entry.add_text("text", searched(chunk.text))
    entry.add_text("spelling", _sound(chunk.text))
    return entry


def searched(text: str) -> str:
    """A chunk's text as the index takes it."""
    return folded(_sound(text), singles=True).text


def _sound(text: str) -> str:
    """The text without lone surrogates, which have no UTF-8; offsets stay."""
    return text.encode("utf-8", "replace").decode()


def _ask(searcher: Any, query: Any, count: int) -> list[Scored]:
    hits = searcher.search(query, count, count=False).hits
    keys = searcher.fast_field_values("key", [address for _, address in hits])
    return [Scored(int(key), float(score)) for key, (score, _) in zip(keys, hits, strict=True)]


@contextmanager
def _index_errors(path: Path | None) -> Iterator[None]:
    """Tantivy raises ValueError for all that goes wrong; its text tells what it was."""
    try:
        yield
    except ValueError as error:
        text = str(error)
        if "LockBusy" in text:
            raise IndexUnavailable(
                f"Another process writes to the index at {path}.", code="index_locked"
            ) from error
        code = "index_full" if "No space left" in text or "StorageFull" in text else "index_unavailable"
        raise IndexUnavailable(f"The index at {path} cannot be used: {text}", code=code) from error
