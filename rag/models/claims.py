"""How much of a claim can be found in the evidence, word by word: cheap signs that a small net alone
misses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from tokenizers import Encoding

from rag.models.types import EncodedQuery, Encoder, Floats
from rag.text.sentences import evidence_sentences
from rag.text.words import NEGATIONS, STOP_WORDS, stem

_WORD = re.compile(r"\d[\d,.]*\d|\d|n['’]t\b|[^\W\d_]+(?:['’]t\b)?")


@dataclass(frozen=True, slots=True)
class Words:
    """A text's words in order: lower-cased and crudely stemmed; `names` are those capitalised inside a
    sentence.
    """

    stems: tuple[str, ...]
    numbers: frozenset[str]
    names: frozenset[str]
    negations: int


def words_of(text: str) -> Words:
    """Split a text into comparable words."""
    found = [(m.group(), m.start()) for m in _WORD.finditer(text)]
    numbers = frozenset(w.replace(",", "") for w, _ in found if w[0].isdigit())
    names = frozenset(stem(w.lower()) for w, at in found if w[0].isupper() and _inside(text, at))
    stems = tuple(w.replace(",", "") if w[0].isdigit() else stem(w.lower()) for w, _ in found)
    return Words(
        stems,
        numbers,
        names,
        sum(w.lower() in NEGATIONS or w.lower().endswith(("n't", "n’t")) for w, _ in found),
    )


def _inside(text: str, at: int) -> bool:
    before = text[:at].rstrip(" \"'(“‘")
    return bool(before) and before[-1] not in ".!?:\n"


def share(wanted: Sequence[str] | frozenset[str], there: frozenset[str]) -> float:
    """The share of `wanted` that is there; 1 when nothing is wanted."""
    return sum(item in there for item in wanted) / len(wanted) if wanted else 1.0


def content(words: Words) -> tuple[str, ...]:
    """The words that carry meaning; all of them when none does."""
    return tuple(w for w in words.stems if w not in STOP_WORDS) or words.stems


def bigrams(stems: Sequence[str]) -> tuple[str, ...]:
    """Neighbouring pairs, joined."""
    return tuple(f"{a} {b}" for a, b in pairwise(stems))


def closest_sentence(claim: Words, text: str) -> tuple[int, int]:
    """The span of the sentence that shares most content words with the claim."""
    wanted = content(claim)
    return max(
        evidence_sentences(text), key=lambda s: share(wanted, frozenset(words_of(text[s[0] : s[1]]).stems))
    )


ALIGNMENT_FEATURES = (
    "words_found", "pairs_found", "numbers_found", "names_found", "sentence_found", "negation_differs",
)  # fmt: skip


def align(claim: str, evidence: Sequence[str]) -> list[float]:
    """The lexical features of a claim against its evidence passages, in the order of FEATURES."""
    mine, theirs = words_of(claim), [words_of(text) for text in evidence]
    there = frozenset(stem for words in theirs for stem in words.stems)
    pairs = frozenset(pair for words in theirs for pair in bigrams(words.stems))
    numbers = frozenset(number for words in theirs for number in words.numbers)
    near = [
        words_of(text[a:b]) for text in evidence for a, b in [closest_sentence(mine, text)] if text.strip()
    ]
    wanted = content(mine)
    best = max(
        near,
        key=lambda words: share(wanted, frozenset(words.stems)),
        default=Words((), frozenset(), frozenset(), 0),
    )
    return [
        share(wanted, there),
        share(bigrams(mine.stems), pairs),
        share(mine.numbers, numbers),
        share(mine.names, there),
        share(wanted, frozenset(best.stems)),
        float(mine.negations % 2 != best.negations % 2),
    ]


SIMILARITY_FEATURES = ("cosine", "maxsim", "weakest")
WEAKEST = 3


@dataclass(frozen=True, slots=True)
class Likeness:
    """The features of a claim against its evidence, in the order of FEATURES, and each claim token's best
    cosine to any token of the evidence [T].
    """

    features: tuple[float, ...]
    nearest: Floats


def similarity(claim: EncodedQuery, evidence: Sequence[EncodedQuery]) -> Likeness:
    """Compare a claim with its evidence windows.

    The features are the best cosine of the dense vectors; the mean over the claim's tokens of their best
    cosine to any token of the evidence (MaxSim, Khattab and Zaharia 2020, https://arxiv.org/abs/2004.12832);
    the mean over the three tokens that find least.
    """
    cosine = max(float(claim.dense @ item.dense) for item in evidence)
    there = np.concatenate([_tokens(item) for item in evidence])
    nearest = np.asarray((_tokens(claim) @ there.T).max(axis=1), np.float32)
    weakest = np.sort(nearest)[:WEAKEST]
    return Likeness((cosine, float(nearest.mean()), float(weakest.mean())), nearest)


def similarities(
    claims: Sequence[str], windows: Sequence[Sequence[str]], encoder: Encoder
) -> list[Likeness | None]:
    """Each claim against its own windows, None where it has none; every text is encoded once."""
    texts = list(dict.fromkeys([*claims, *(text for found in windows for text in found)]))
    known = dict(zip(texts, encoder.encode_queries(texts), strict=True))
    return [
        similarity(known[claim], [known[text] for text in found]) if found else None
        for claim, found in zip(claims, windows, strict=True)
    ]


def _tokens(item: EncodedQuery) -> Floats:
    """Unit token vectors without [CLS] and [SEP]; the dense vector's own marks where nothing else is there.

    Raises ValueError for an encoder without token vectors.
    """
    if item.tokens is None:
        raise ValueError("the checker needs an encoder with token vectors")
    inner = item.tokens[1:-1] if len(item.tokens) > 2 else item.tokens
    return np.asarray(inner / np.maximum(np.linalg.norm(inner, axis=1, keepdims=True), 1e-6), np.float32)


MARK_FEATURES = (
    "net", "word_net", "missing", "far", "word_far", "near_net", "near_far", "claim_net", "claim_far",
)  # fmt: skip
NEIGHBOURS = 5


def mark_features(claim: str, item: Encoding, net: Floats, nearest: Floats, windows: Sequence[str]) -> Floats:
    """The features [T,F] of the claim's first T tokens in the order of FEATURES.

    `net` holds the net's logits of "not supported", `nearest` each token's best cosine to the evidence; both
    [T]. Each is read at the token, at its whole word (the worst token counts), over five neighbours and over
    the whole claim; `missing` is 1 where the word's stem stands in none of the evidence windows.
    """
    far = 1 - nearest
    words = np.array([-1 if word is None else word for word in item.word_ids[: len(net)]])
    there = {found for text in windows for found in words_of(text).stems}
    missing = [stem(claim[a:b].lower()) not in there for a, b in item.offsets[: len(net)]]
    columns = [
        net,
        _worst(net, words),
        np.array(missing, np.float32),
        far,
        _worst(far, words),
        _smooth(net),
        _smooth(far),
        np.full(len(net), net.mean()),
        np.full(len(net), far.mean()),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _worst(values: Floats, words: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
    return np.array([values[words == word].max() for word in words], np.float32)


def _smooth(values: Floats) -> Floats:
    full = np.convolve(values, np.ones(NEIGHBOURS) / NEIGHBOURS)
    start = NEIGHBOURS // 2
    return np.asarray(full[start : start + len(values)], np.float32)
