"""Lazy values are made once, and again after a failure."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from rag.models.loaded import Lazy


def test_made_once_by_many_threads() -> None:
    made: list[int] = []
    barrier = threading.Barrier(8)

    def make() -> object:
        made.append(1)
        return object()

    lazy = Lazy(make)

    def get(_: int) -> object:
        barrier.wait()
        return lazy.get()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(get, range(8)))) == 1
    assert made == [1]


def test_a_failure_is_not_kept() -> None:
    tries: list[int] = []

    def make() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("not yet")
        return 7

    lazy = Lazy(make)
    with pytest.raises(ValueError, match="not yet"):
        lazy.get()
    assert lazy.get() == 7
